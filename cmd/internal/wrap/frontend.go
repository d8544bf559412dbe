// SPDX-License-Identifier: BSL-1.0

package wrap

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"modernc.org/cc/v4"
)

// A header is what the C front end has read: the declarations of the headers that are to be wrapped, in their order, and
// what is known of the names in all that they include.
type header struct {
	files     []string // of the declarations and macros
	functions []*cFunction
	variables []string
	enums     []*cEnum
	macros    []*cc.Macro

	objectLike     map[string]*cc.Macro
	enumerators    map[string]bool
	typedefType    map[string]cc.Type
	anyInteger     cc.Type
	base           map[string]string // of a typedef of another typedef, the other one
	structTypedef  map[string]string // of "struct tag", the first typedef
	pointerTypedef map[string]string // of "struct tag", the first typedef of a pointer to it
	functionLike   map[string]bool   // macros with arguments
	inline         map[string]bool   // functions whose body is in the header
	forCOnly       map[string]bool   // headers that do not know C++
}

// A cEnum is one whose constants are in the headers. Its name is a typedef, "enum tag", or empty.
type cEnum struct {
	name string
	typ  *cc.EnumType
}

type cFunction struct {
	name string
	typ  *cc.FunctionType
	file string
}

// vaList is the tag of what stands in for the compiler's own type. The front end would have it as a void *, and a
// function that takes one would look as if Go could call it.
const vaList = "cgo_guard_va_list"

// read parses and checks the headers as the C compiler would, in the mode in which cgo compiles a preamble.
func read(o *options) (*header, error) {
	flags := append([]string{}, o.cppFlags()...)
	if len(o.pkgConfig) > 0 {
		more, err := pkgConfig("--cflags", o.pkgConfig)
		if err != nil {
			return nil, err
		}
		flags = append(flags, more...)
	}
	config, err := cc.NewConfig("", "", onlyMacros(flags)...)
	if err != nil {
		return nil, fmt.Errorf("asking the C compiler for its macros and directories: %w", err)
	}
	var directories []string
	for _, flag := range flags {
		if strings.HasPrefix(flag, "-I") {
			directories = append(directories, flag[len("-I"):])
		}
	}
	config.SysIncludePaths = append(directories, config.SysIncludePaths...)
	config.IncludePaths = append([]string{o.directory}, config.IncludePaths...)
	builtin := strings.Replace(cc.Builtin, "typedef void *__builtin_va_list;",
		"typedef struct "+vaList+" *__builtin_va_list;", 1)
	if builtin == cc.Builtin {
		return nil, fmt.Errorf("modernc.org/cc has another __builtin_va_list than this command knows")
	}
	var includes strings.Builder
	for _, name := range o.headers {
		fmt.Fprintln(&includes, "#include", quoted(name))
	}
	ast, err := cc.Translate(config, []cc.Source{
		{Name: "<predefined>", Value: config.Predefined},
		{Name: "<builtin>", Value: builtin},
		{Name: "<wrap>", Value: includes.String()},
	})
	if err != nil {
		return nil, err
	}
	h := collect(ast, o)
	for _, name := range o.headers {
		h.forCOnly[name] = !h.knowsCxx(name)
	}
	return h, nil
}

// quoted is a header as #include has it. A name that begins with a dot is that of a file beside the Go package.
func quoted(name string) string {
	if strings.HasPrefix(name, ".") {
		return `"` + strings.TrimPrefix(name, "./") + `"`
	}
	return "<" + name + ">"
}

// onlyMacros is what the front end may ask the compiler's own preprocessor with; directories it searches by itself.
func onlyMacros(flags []string) (macros []string) {
	for _, flag := range flags {
		if !strings.HasPrefix(flag, "-I") {
			macros = append(macros, flag)
		}
	}
	return macros
}

// isChosen reports whether what a file declares is to be wrapped.
func (o *options) isChosen(file string) bool {
	file = filepath.ToSlash(file)
	for _, name := range o.headers {
		if isFile(file, name) {
			return true
		}
	}
	return o.from != nil && o.from.MatchString(file)
}

// isFile reports whether the file is the header of that name.
func isFile(file, name string) bool {
	name = strings.TrimPrefix(name, "./")
	return file == name || strings.HasSuffix(file, "/"+name)
}

func collect(ast *cc.AST, o *options) *header {
	h := &header{
		objectLike: map[string]*cc.Macro{}, enumerators: map[string]bool{}, typedefType: map[string]cc.Type{}, anyInteger: ast.Int,
		base: map[string]string{}, structTypedef: map[string]string{}, pointerTypedef: map[string]string{},
		functionLike: map[string]bool{}, inline: map[string]bool{}, forCOnly: map[string]bool{},
	}
	seen := map[string]bool{}
	enums := map[string]bool{}
	files := map[string]bool{}
	from := func(file string) {
		if !files[file] {
			files[file] = true
			h.files = append(h.files, file)
		}
	}
	add := func(d *cc.Declarator) {
		if seen[d.Name()] || !o.isChosen(d.Position().Filename) {
			return
		}
		seen[d.Name()] = true
		if t, ok := d.Type().(*cc.FunctionType); ok {
			h.functions = append(h.functions, &cFunction{d.Name(), t, d.Position().Filename})
		} else {
			h.variables = append(h.variables, d.Name())
		}
	}
	for unit := ast.TranslationUnit; unit != nil; unit = unit.TranslationUnit {
		external := unit.ExternalDeclaration
		from(external.Position().Filename)
		if definition := external.FunctionDefinition; definition != nil {
			h.inline[definition.Declarator.Name()] = true
			add(definition.Declarator)
			continue
		}
		declaration := external.Declaration
		if declaration == nil {
			continue
		}
		h.addEnums(declaration, enums, o)
		for list := declaration.InitDeclaratorList; list != nil; list = list.InitDeclaratorList {
			if d := list.InitDeclarator.Declarator; d.IsTypename() {
				h.addTypedef(d, declaration.DeclarationSpecifiers)
			} else {
				add(d)
			}
		}
	}
	for name, nodes := range ast.Scope.Nodes {
		for _, node := range nodes {
			if _, ok := node.(*cc.Enumerator); ok {
				h.enumerators[name] = true
			}
		}
	}
	for _, macro := range ast.Macros {
		from(macro.Position().Filename)
		if macro.IsFnLike {
			h.functionLike[macro.Name.SrcStr()] = true
		} else {
			h.objectLike[macro.Name.SrcStr()] = macro
		}
		if o.isChosen(macro.Position().Filename) {
			h.macros = append(h.macros, macro)
		}
	}
	sortByPosition(h.macros, func(m *cc.Macro) position { return position(m.Position()) })
	return h
}

// addEnums keeps the enums that are defined in a declaration.
func (h *header) addEnums(declaration *cc.Declaration, seen map[string]bool, o *options) {
	for list := declaration.DeclarationSpecifiers; list != nil; list = list.DeclarationSpecifiers {
		s := list.TypeSpecifier
		if s == nil || s.Case != cc.TypeSpecifierEnum || s.EnumSpecifier.EnumeratorList == nil {
			continue
		}
		at := s.EnumSpecifier.Position()
		t, ok := s.EnumSpecifier.Type().(*cc.EnumType)
		if key := at.String(); !ok || seen[key] || !o.isChosen(at.Filename) {
			continue
		} else {
			seen[key] = true
		}
		name := tagOf(t)
		for l := declaration.InitDeclaratorList; l != nil; l = l.InitDeclaratorList {
			if d := l.InitDeclarator.Declarator; d.IsTypename() && d.Pointer == nil {
				name = d.Name()
				break
			}
		}
		h.enums = append(h.enums, &cEnum{name, t})
	}
}

func (h *header) addTypedef(d *cc.Declarator, list *cc.DeclarationSpecifiers) {
	name := d.Name()
	if h.typedefType[name] != nil {
		return
	}
	t := d.Type()
	h.typedefType[name] = t
	pointer, isPointer := t.(*cc.PointerType)
	// The name of another typedef is the whole type if nothing stands around the declared name.
	if d.Pointer == nil && d.DirectDeclarator.Case == cc.DirectDeclaratorIdent {
		for ; list != nil; list = list.DeclarationSpecifiers {
			if s := list.TypeSpecifier; s != nil && s.Case == cc.TypeSpecifierTypeName {
				h.base[name] = s.Token.SrcStr()
			}
		}
	}
	if key := tagOf(t); key != "" && h.structTypedef[key] == "" {
		h.structTypedef[key] = name
	}
	if isPointer {
		if key := tagOf(pointer.Elem()); key != "" && h.pointerTypedef[key] == "" {
			h.pointerTypedef[key] = name
		}
	}
}

// tagOf is "struct tag", "union tag" or "enum tag", or empty for a type without a tag.
func tagOf(t cc.Type) string {
	var tag cc.Token
	word := ""
	switch t := t.(type) {
	case *cc.StructType:
		word, tag = "struct ", t.Tag()
	case *cc.UnionType:
		word, tag = "union ", t.Tag()
	case *cc.EnumType:
		word, tag = "enum ", t.Tag()
	default:
		return ""
	}
	if tag.SrcStr() == "" {
		return ""
	}
	return word + tag.SrcStr()
}

// typedefs are the names that a type goes by, from the one in the source to the last one that is still a typedef.
func (h *header) typedefs(t cc.Type) (names []string) {
	d := t.Typedef()
	if d == nil {
		return nil
	}
	for name := d.Name(); name != ""; name = h.base[name] {
		names = append(names, name)
	}
	return names
}

// knowsCxx reports whether a header is made to be included in C++ too. In one that never mentions C++, functions would
// have C++ names there.
func (h *header) knowsCxx(name string) bool {
	for _, path := range h.files {
		if isFile(path, name) {
			text, err := os.ReadFile(path)
			return err != nil || forCxx.Match(text)
		}
	}
	return true
}

var forCxx = regexp.MustCompile(`\b(__cplusplus|__BEGIN_DECLS|G_BEGIN_DECLS)\b`)

// compiler is the C compiler that cgo would take.
func compiler() string {
	if cc := strings.Fields(os.Getenv("CC")); len(cc) > 0 {
		return cc[0]
	}
	return "cc"
}
