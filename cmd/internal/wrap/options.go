// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"errors"
	"flag"
	"fmt"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// options are what the command line says.
type options struct {
	arguments  []string // as they were given: they are written into the files
	directory  string   // of the Go package
	headers    []string
	packages   string
	base       string // of the names of files
	links      []string
	pkgConfig  []string
	includes   []string
	defines    []string
	trim       []string
	functions  map[string]bool
	match      *regexp.Regexp
	skip       *regexp.Regexp
	from       *regexp.Regexp
	fields     *regexp.Regexp
	constants  *regexp.Regexp
	parameters []*parameterRule
	renamed    map[string]string
	listOnly   bool
}

// A parameterRule says what a header can't.
type parameterRule struct {
	text    string
	pattern *regexp.Regexp // of function.parameter
	kind    string
	used    bool
}

const (
	kindOut      = "out"      // what a pointer points to is a result
	kindNullable = "nullable" // a string that may be null: *string
	kindPointer  = "pointer"  // the bare pointer
	kindBytes    = "bytes"    // with the parameter after it, a []byte
	kindString   = "string"   // text that ends in a NUL
)

// errHelp is not an error: what was asked for is the usage.
var errHelp = errors.New("help")

// several is a flag that may be given more than once, or with several values between commas.
type several struct{ values *[]string }

func (s several) String() string { return "" }

func (s several) Set(value string) error {
	for _, one := range strings.Split(value, ",") {
		if one = strings.TrimSpace(one); one != "" {
			*s.values = append(*s.values, one)
		}
	}
	return nil
}

// expression is a flag with a regular expression.
type expression struct{ place **regexp.Regexp }

func (e expression) String() string { return "" }

func (e expression) Set(value string) (err error) {
	*e.place, err = regexp.Compile(value)
	return err
}

type rules struct{ o *options }

func (r rules) String() string { return "" }

func (r rules) Set(value string) error {
	i := strings.LastIndexByte(value, '=')
	if i < 0 {
		return errors.New("want an expression for function.parameter, =, and a kind")
	}
	switch kind := value[i+1:]; kind {
	case kindOut, kindNullable, kindPointer, kindBytes, kindString:
	default:
		return fmt.Errorf("there is no kind %q: out, nullable, pointer, bytes or string", kind)
	}
	pattern, err := regexp.Compile(value[:i])
	if err == nil {
		r.o.parameters = append(r.o.parameters, &parameterRule{text: value, pattern: pattern, kind: value[i+1:]})
	}
	return err
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{arguments: args, functions: map[string]bool{}, renamed: map[string]string{}}
	var functions, renamed []string
	set := flag.NewFlagSet("cgo-guard wrap", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {}
	set.Var(several{&o.headers}, "header", "")
	set.StringVar(&o.packages, "package", os.Getenv("GOPACKAGE"), "")
	set.StringVar(&o.directory, "dir", ".", "")
	set.StringVar(&o.base, "o", "", "")
	set.Var(several{&o.links}, "link", "")
	set.Var(several{&o.pkgConfig}, "pkg-config", "")
	set.Var(several{&o.includes}, "I", "")
	set.Var(several{&o.defines}, "D", "")
	set.Var(several{&o.trim}, "trim", "")
	set.Var(several{&functions}, "func", "")
	set.Var(several{&renamed}, "name", "")
	set.Var(expression{&o.match}, "match", "")
	set.Var(expression{&o.skip}, "skip", "")
	set.Var(expression{&o.from}, "from", "")
	set.Var(expression{&o.fields}, "fields", "")
	set.Var(expression{&o.constants}, "constants", "")
	set.Var(rules{o}, "param", "")
	set.BoolVar(&o.listOnly, "list", false, "")
	if err := set.Parse(args); err == flag.ErrHelp {
		return nil, errHelp
	} else if err != nil {
		return nil, err
	}
	for _, name := range functions {
		o.functions[name] = false
	}
	for _, pair := range renamed {
		i := strings.IndexByte(pair, '=')
		if i < 0 || !token.IsIdentifier(pair[i+1:]) || !token.IsExported(pair[i+1:]) {
			return nil, fmt.Errorf("-name %s: want the C name, =, and an exported Go name", pair)
		}
		o.renamed[pair[:i]] = pair[i+1:]
	}
	return o, o.complete(set.Args())
}

func (o *options) complete(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("what is %q? A header is given by -header", rest[0])
	}
	if len(o.headers) == 0 {
		return errors.New("which header? Give it as #include would have it: -header sqlite3.h, or -header ./mine.h")
	}
	if o.packages == "" {
		return errors.New("which Go package? Give its name: -package sqlite")
	}
	if !token.IsIdentifier(o.packages) {
		return fmt.Errorf("-package %s is no Go identifier", o.packages)
	}
	if o.base == "" {
		o.base = o.packages + "_guarded"
	}
	if filepath.Base(o.base) != o.base {
		return fmt.Errorf("-o %s: want a name without directory and extension", o.base)
	}
	// cgo's own list of flags that a package may use stops at characters of a shell.
	for _, value := range append(append(append([]string{}, o.links...), o.defines...), o.includes...) {
		if strings.ContainsAny(value, " \t\n\"'`$\\;&|") {
			return fmt.Errorf("%q can't stand in a #cgo line", value)
		}
	}
	return nil
}

// cppFlags are those of the C preprocessor.
func (o *options) cppFlags() (flags []string) {
	for _, directory := range o.includes {
		if !filepath.IsAbs(directory) {
			directory = filepath.Join(o.directory, directory)
		}
		flags = append(flags, "-I"+directory)
	}
	for _, macro := range o.defines {
		flags = append(flags, "-D"+macro)
	}
	return flags
}

func pkgConfig(what string, names []string) ([]string, error) {
	output, err := exec.Command("pkg-config", append([]string{what}, names...)...).Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return nil, fmt.Errorf("pkg-config %s %s: %s", what, strings.Join(names, " "), strings.TrimSpace(string(failed.Stderr)))
		}
		return nil, err
	}
	return strings.Fields(string(output)), nil
}

// rule is what the command line says of a parameter, or nil. The last one that matches counts.
func (o *options) rule(function, parameter string) *parameterRule {
	var found *parameterRule
	for _, r := range o.parameters {
		if r.pattern.MatchString(function + "." + parameter) {
			found = r
		}
	}
	return found
}

// wants reports whether a function is chosen.
func (o *options) wants(name string) bool {
	if _, named := o.functions[name]; named {
		o.functions[name] = true
		return true
	}
	if len(o.functions) > 0 && o.match == nil {
		return false
	}
	return (o.match == nil || o.match.MatchString(name)) && (o.skip == nil || !o.skip.MatchString(name))
}
