// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what there is into testdata/golden")

// wrapped is what the command makes of a header.
type wrapped struct {
	directory      string
	stdout, stderr string
	status         int
}

func wrap(t *testing.T, header string, args ...string) *wrapped {
	t.Helper()
	w := &wrapped{directory: t.TempDir()}
	if err := os.WriteFile(filepath.Join(w.directory, "x.h"), []byte(header), 0o666); err != nil {
		t.Fatal(err)
	}
	w.run("x", append([]string{"-header", "./x.h"}, args...)...)
	return w
}

func (w *wrapped) run(name string, args ...string) {
	var stdout, stderr bytes.Buffer
	w.status = Main(append([]string{"-package", name, "-dir", w.directory}, args...), &stdout, &stderr)
	w.stdout, w.stderr = stdout.String(), stderr.String()
}

func (w *wrapped) text(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.directory, name))
	if err != nil {
		t.Fatalf("%v\n%s%s", err, w.stdout, w.stderr)
	}
	return string(text)
}

// has fails unless the text has each of the parts, in any number of spaces.
func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(part), " ")) {
			t.Errorf("there is no %q in\n%s", part, text)
		}
	}
}

func hasNot(t *testing.T, text, part string) {
	t.Helper()
	if strings.Contains(text, part) {
		t.Errorf("there is %q in\n%s", part, text)
	}
}

// shop has its flags in the line that go generate reads.
func shop(t *testing.T) []string {
	text, err := os.ReadFile("testdata/shop/shop.go")
	if err != nil {
		t.Fatal(err)
	}
	line := string(text)[strings.Index(string(text), "//go:generate cgo-guard wrap "):]
	args := strings.Fields(strings.ReplaceAll(line, `"`, ""))
	return args[3:]
}

// What is written is the same in every directory and with every compiler, and it is what testdata/golden has.
func TestWhatIsWrittenIsWhatItWas(t *testing.T) {
	for _, compiler := range []string{"gcc", "clang"} {
		t.Run(compiler, func(t *testing.T) {
			needs(t, compiler)
			t.Setenv("CC", compiler)
			w := &wrapped{directory: t.TempDir()}
			copyTree(t, "testdata/shop", w.directory)
			args := shop(t)
			directory, err := os.Getwd()
			if err == nil {
				err = os.Chdir(w.directory) // -dir would be among the flags that are written
			}
			if err != nil {
				t.Fatal(err)
			}
			defer os.Chdir(directory)
			var stdout, stderr bytes.Buffer
			status := Main(append([]string{"-package", "shop"}, args...), &stdout, &stderr)
			if os.Chdir(directory); status != 0 {
				t.Fatal(stderr.String())
			}
			compare(t, "report", stdout.String())
			for _, name := range []string{"shop_guarded.go", "shop_guarded.h", "shop_guarded.cpp"} {
				compare(t, name, w.text(t, name))
			}
		})
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			t.Errorf("%s, line %d: %q\n(go test -update writes what there is)", name, i+1, a[i])
			return
		}
	}
	t.Errorf("%s is shorter than it was", name)
}

func TestCommandLinesThatCannotBeMeant(t *testing.T) {
	const header = "int f(int n, char **out);\n"
	for args, says := range map[string]string{
		"-header nowhere.h":        "nowhere.h",
		"-func g":                  "declares no g",
		"-match ^z":                "nothing is left",
		"-skip .":                  "nothing is left",
		"-match (":                 "missing closing )",
		"-param f.m=out":           "about no parameter",
		"-param f.out=inout":       `no kind "inout"`,
		"-param f.out":             "want an expression",
		"-name f=g":                "exported Go name",
		"-o a/b":                   "without directory",
		"-link a;b":                "can't stand in a #cgo line",
		"-pkg-config no-such-file": "no-such-file",
		"f":                        "given by -header",
		"-package a-b":             "no Go identifier",
		"-nothing":                 "-nothing",
	} {
		t.Run(args, func(t *testing.T) {
			w := wrap(t, header, strings.Fields(args)...)
			if w.status != 2 {
				t.Errorf("status %d", w.status)
			}
			has(t, w.stderr, says)
			if files, _ := filepath.Glob(filepath.Join(w.directory, "x_guarded*")); len(files) > 0 {
				t.Error("something was written: ", files)
			}
		})
	}
	w := wrap(t, "int f(int n;\n")
	if w.status != 2 || !strings.Contains(w.stderr, "x.h:1") {
		t.Errorf("status %d: %s", w.status, w.stderr)
	}
	if w = wrap(t, header, "-help"); w.status != 0 || w.stdout != usage {
		t.Error(w.status, w.stdout)
	}
}

func TestFunctionsAreChosen(t *testing.T) {
	const header = "int a(void); int ab(void); int b(void);\n"
	for args, want := range map[string]string{
		"":                  "a ab b",
		"-func a":           "a",
		"-func a,b":         "a b",
		"-func b -match ^a": "a ab b",
		"-match ^a":         "a ab",
		"-skip ^a":          "b",
		"-match a -skip b":  "a",
	} {
		w := wrap(t, header, strings.Fields(args)...)
		var got []string
		for _, name := range []string{"a", "ab", "b"} {
			if strings.Contains(w.text(t, "x_guarded.h"), "x_guarded_"+name+"(") {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v", args, got)
		}
	}
}

func TestFilesOfOthersAreLeftAlone(t *testing.T) {
	w := wrap(t, "int f(void);\n")
	path := filepath.Join(w.directory, "x_guarded.cpp")
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	w.run("x", "-header", "./x.h")
	if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(long) {
		t.Error("what was the same was written again", err)
	}
	if err := os.WriteFile(path, []byte("// mine\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	w.run("x", "-header", "./x.h")
	if w.status != 2 || w.text(t, "x_guarded.cpp") != "// mine\n" {
		t.Error(w.status, w.text(t, "x_guarded.cpp"))
	}
	has(t, w.stderr, "was not written by this command")
}

func TestAHeaderThatKnowsCxxIsIncludedAsItIs(t *testing.T) {
	hasNot(t, wrap(t, "#ifdef __cplusplus\nextern \"C\"\n#endif\nint f(void);\n").text(t, "x_guarded.h"), "{\n#endif\n#include \"x.h\"")
	has(t, wrap(t, "int f(void);\n").text(t, "x_guarded.h"), "extern \"C\" {\n#endif\n#include \"x.h\"")
}

func TestFunctionsThatTheLibraryLacksAreNamed(t *testing.T) {
	needsHeader(t, "zlib.h")
	w := wrap(t, "const char *zlibVersion(void); int no_such(void); static inline int here(void) { return 0; }\n", "-link", "z")
	has(t, w.stderr, "has no no_such: leave them out", "-skip '^(no_such)$'")
	has(t, w.text(t, "x_guarded.h"), "x_guarded_no_such(")
}

func TestNames(t *testing.T) {
	o := &options{trim: []string{"sqlite3_", "gz"}, renamed: map[string]string{"sqlite3": "DB"}}
	for c, want := range map[string]string{
		"sqlite3_open_v2": "OpenV2", "sqlite3": "DB", "gzopen": "Open", "deflateInit_": "DeflateInit_", "adler32_z": "Adler32Z",
		"gz3": "X3", "_hidden": "Hidden", "gz": "Gz", "yaml_parser_t": "YamlParserT", "__x__y": "XY",
	} {
		if got := o.goName(c); got != want {
			t.Errorf("%s is %s, want %s", c, got, want)
		}
	}
	for c, want := range map[string]string{"yaml_parser_t": "YamlParser", "struct gzFile_s": "FileS", "sqlite3": "DB"} {
		if got := o.goTypeName(c); got != want {
			t.Errorf("%s is %s, want %s", c, got, want)
		}
	}
	for c, want := range map[string]string{"type": "type_", "start_key": "startKey", "C": "c", "X": "x", "_": "x", "len": "len_", "nByte": "nByte"} {
		if got := goParameter(c); got != want {
			t.Errorf("%s is %s, want %s", c, got, want)
		}
	}
}

func TestBuffersAndTheirLengths(t *testing.T) {
	for parameters, isOne := range map[string]bool{
		"const char *key, size_t keylen":               true,
		"const unsigned char *value, int length":       true,
		"void *buf, unsigned len":                      true,
		"const char *start_key, size_t start_key_len":  true,
		"const char *zSql, int nByte":                  true,
		"const void *pData, int nData":                 true,
		"const unsigned char *source, long source_len": true,
		"const char *name, int flags":                  false,
		"const char *name, int nothing":                false,
		"const char *z, int n_z":                       true,
		"const char *, int":                            false,
		"const int *values, int length":                false,
		"const char *text, int *length":                false,
		"const char *text, double size":                false,
		"const char *key, size_t value_len":            false,
		"int size, const char *text":                   false,
	} {
		w := wrap(t, "typedef unsigned long size_t; int f("+parameters+");\n")
		if got := strings.Contains(w.text(t, "x_guarded.go"), "[]byte"); got != isOne {
			t.Errorf("%s is one []byte: %v\n%s", parameters, got, w.stderr)
		}
	}
}
