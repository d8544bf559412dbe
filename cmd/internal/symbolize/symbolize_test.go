// SPDX-License-Identifier: BSL-1.0

package symbolize

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// compiled builds testdata/program.cpp with debug information and returns its path and the addresses of its marks.
func compiled(t *testing.T, compiler string, flags ...string) (path string, marks map[string]uint64) {
	t.Helper()
	if _, err := exec.LookPath(compiler); err != nil {
		t.Skip(err)
	}
	source, err := filepath.Abs("testdata/program.cpp")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "program.debug")
	args := append([]string{"-std=c++17", "-Wl,--build-id", source, "-o", path}, flags...)
	if output, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	marks = map[string]uint64{}
	for _, symbol := range symbols {
		marks[symbol.Name] = symbol.Value
	}
	return path, marks
}

// lineOf finds the line of a function in the source.
func lineOf(t *testing.T, function string) int {
	text, err := os.ReadFile("testdata/program.cpp")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasSuffix(line, "// line of "+function) {
			return i + 1
		}
	}
	t.Fatal("no line of ", function)
	return 0
}

var column = regexp.MustCompile(`:(\d+):\d+( |$)`)

// One function for each name in brackets, because compilers call lambdas differently, and GCC knows no parameters of a
// function of internal linkage that was inlined.
var stack = []struct{ mark, name, function string }{
	{"mark", "put", `shop::\(anonymous namespace\)::shelf<long( int)?>::put(\(long\) const)?`},
	{"mark", "lambda", `shop::fill(\(int\))?::.*(lambda|\$_0).*::operator\(\)(\(\) const)?`},
	{"mark", "fill", `shop::fill(\(int\))?`},
	{"mark", "box", `shop::box::box\(int\)`},
	{"plain_mark", "plain", `plain`},
}

func TestInlinedFunctionsHaveNamesAndLines(t *testing.T) {
	for _, compiler := range []string{"g++", "clang++"} {
		for _, flags := range []string{"-g", "-g -O2", "-gdwarf-4 -O1", "-gdwarf-5 -gz=zlib", "-g -static-libstdc++ -no-pie -ffunction-sections -O2"} {
			t.Run(compiler+" "+flags, func(t *testing.T) {
				path, marks := compiled(t, compiler, strings.Fields(flags)...)
				b, err := openBinary(path)
				if err != nil {
					t.Fatal(err)
				}
				for _, mark := range []string{"mark", "plain_mark"} {
					places, err := b.at(marks[mark])
					if err != nil {
						t.Fatal(err)
					}
					source, _ := filepath.Abs("testdata/program.cpp")
					i := 0
					for _, want := range stack {
						if want.mark != mark {
							continue
						}
						if i >= len(places) {
							t.Fatalf("%s: no more places than %v", want.name, places)
						}
						if !regexp.MustCompile("^" + want.function + "$").MatchString(places[i].function) {
							t.Errorf("%s is called %q", want.name, places[i].function)
						}
						if got, line := column.ReplaceAllString(places[i].where, ":$1"), fmt.Sprintf("%s:%d", source, lineOf(t, want.name)); got != line {
							t.Errorf("%s is at %s, want %s", want.name, got, line)
						}
						i++
					}
					if i != len(places) {
						t.Errorf("more than wanted: %v", places[i:])
					}
				}
			})
		}
	}
}

// report is what symbolize makes of a text, which has the address of a mark where it says MARK.
func report(t *testing.T, text string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	status = Main(append(args, path), &out, &errs)
	return out.String(), errs.String(), status
}

func TestEveryKindOfReport(t *testing.T) {
	path, marks := compiled(t, "g++", "-g")
	b, err := openBinary(path)
	if err != nil {
		t.Fatal(err)
	}
	mark := fmt.Sprintf("+0x%x", marks["plain_mark"])
	id := " [build id " + b.buildID + "]"
	source, _ := filepath.Abs("testdata/program.cpp")
	where := fmt.Sprintf("%s:%d", source, lineOf(t, "plain"))
	for name, c := range map[string]struct{ text, want string }{
		"text":           {"failed\n0x1\n\t/bin/program" + mark + id + "\n\nGo stack:\nmain.f\n\t/a.go:3 +0x1d\n", "failed\nplain\n\t" + where + " (program" + mark + ")\n\nGo stack:\nmain.f\n\t/a.go:3 +0x1d\n"},
		"indented":       {"  | 0x1\n  \t/bin/program" + mark + id, "  plain\n  \t" + where + " (program" + mark + ")"},
		"crash":          {"  #0   0x1 (main program)" + mark + "\n", "  #0   0x1 plain at " + where + " ((main program)" + mark + ")\n"},
		"JSON":           {`{"z":1.50, "a":{"c_stack":"0x1\n\tprogram` + mark + id + `\n"},"é":"<\u003e\n"}`, `{"z":1.50, "a":{"c_stack":"plain\n\t` + where + ` (program` + mark + `)\n"},"é":"<\u003e\n"}`},
		"lines":          {"start\n{\"a\":[1]}\n{\"s\":\"\\\"0x1\\n\\tprogram" + mark + id + "\"}\n0x1\n\tprogram" + mark + id + "\nend", "start\n{\"a\":[1]}\n{\"s\":\"plain\\n\\t" + where + " (program" + mark + ")\"}\nplain\n\t" + where + " (program" + mark + ")\nend"},
		"named already":  {"f\n\t/a.cpp:1 (program" + mark + ")\n", "f\n\t/a.cpp:1 (program" + mark + ")\n"},
		"another module": {"0x1\n\tprogram" + mark + id + "\n0x2\n\t/lib/libc.so+0x12 [build id 00]\n", "plain\n\t" + where + " (program" + mark + ")\n0x2\n\t/lib/libc.so+0x12 [build id 00]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, said, status := report(t, c.text, "-binary", path)
			if got = column.ReplaceAllString(got, ":$1$2"); got != c.want || status != 0 {
				t.Errorf("status %d\n%s%s\nwant:\n%s", status, said, got, c.want)
			}
			if (name == "JSON") != json.Valid([]byte(got)) && name != "lines" {
				t.Error("valid JSON is not what it was")
			}
		})
	}
}

func TestWhatCannotBeNamedIsSaid(t *testing.T) {
	path, marks := compiled(t, "g++", "-g")
	other, _ := compiled(t, "g++", "-g", "-O1")
	stripped := filepath.Join(t.TempDir(), "stripped")
	if output, err := exec.Command("strip", "-o", stripped, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	b, err := openBinary(path)
	if err != nil {
		t.Fatal(err)
	}
	frame := fmt.Sprintf("0x1\n\tprogram+0x%x [build id %s]\n", marks["mark"], b.buildID)
	for _, c := range []struct {
		name, text, says string
		status           int
		args             []string
	}{
		{"another build", frame, "refused: " + other + " has build ID", 1, []string{"-binary", other}},
		{"no frame of it", "f\n\tlibc.so+0x12 [build id 00]\n", "no frame is of " + path, 1, []string{"-binary", path}},
		{"nothing there", "0x1\n\tprogram+0x1 [build id " + b.buildID + "]\n", path + " has nothing at 0x1", 1, []string{"-binary", path}},
		{"two programs", "  #0   0x1 (main program)+0x1\n", "give one of them", 1, []string{"-binary", path, "-binary", other}},
		{"a stripped file", frame, "has no debug information", 2, []string{"-binary", stripped}},
		{"no ELF file", frame, "is not an ELF file", 2, []string{"-binary", "main.go"}},
		{"no file", frame, "nowhere: no such file", 2, []string{"-binary", "nowhere"}},
		{"no stack", "all is well\n", "has no C++ stack", 2, []string{"-binary", path}},
		{"no text", " \n", "is empty", 2, []string{"-binary", path}},
		{"half JSON", `{"c_stack": `, "is not valid JSON", 2, []string{"-binary", path}},
		{"a core", "\x7fELF\x00", "is not text", 2, []string{"-binary", path}},
		{"no binary", frame, "give a -binary or a -debug-dir", 2, nil},
		{"an unknown flag", frame, "-library", 2, []string{"-library", path}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, said, status := report(t, c.text, c.args...)
			if status != c.status || !strings.Contains(said, c.says) {
				t.Errorf("status %d, it says: %s", status, said)
			}
			if status == 1 && got != c.text {
				t.Errorf("the report was changed: %s", got)
			}
		})
	}
}

func TestSeparateDebugFilesAreFoundByBuildID(t *testing.T) {
	path, marks := compiled(t, "g++", "-g")
	b, err := openBinary(path)
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	file := filepath.Join(directory, ".build-id", b.buildID[:2], b.buildID[2:]+".debug")
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("objcopy", "--only-keep-debug", path, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	got, said, status := report(t, fmt.Sprintf("0x1\n\tp+0x%x [build id %s]\n", marks["plain_mark"], b.buildID), "-debug-dir", directory)
	if status != 0 || !strings.HasPrefix(got, "plain\n\t/") {
		t.Error(status, said, got)
	}
}

func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if status := Main([]string{"-help"}, &out, &errs); status != 0 || out.String() != usage || errs.Len() > 0 {
		t.Error(status, out.String(), errs.String())
	}
}
