// SPDX-License-Identifier: BSL-1.0

package vet

// exportedFunctions finds the definitions, outside of all functions and classes, that concern a guard and are exported.
func exportedFunctions(tokens []cxxToken, called map[string]bool) []cxxFunction {
	var found []cxxFunction
	var c []bool // for each brace that is open: whether all in it is extern "C"
	inC := func() bool { return len(c) > 0 && c[len(c)-1] }
	start := 0 // of the declaration
	for i := 0; i < len(tokens); i++ {
		switch tokens[i].text {
		case ";":
			start = i + 1
		case "}":
			if len(c) > 0 {
				c = c[:len(c)-1]
			}
			start = i + 1
		case "{":
			declaration := tokens[start:i]
			switch {
			case isLinkage(declaration):
				c = append(c, true)
			case has(declaration, "namespace") && !has(declaration, "("):
				c = append(c, inC())
			default:
				end := closing(tokens, i)
				function, ok := asFunction(declaration)
				if ok && (inC() || called[function.name.text] || len(declaration) > 2 && isLinkage(declaration[:2])) {
					function.body = tokens[i+1 : end]
					found = append(found, function)
				}
				i = end
			}
			start = i + 1
		}
	}
	return found
}

// isLinkage reports whether a declaration ends with extern "C".
func isLinkage(declaration []cxxToken) bool {
	n := len(declaration)
	return n >= 2 && declaration[n-2].text == "extern" && declaration[n-1].text == `"`
}

func has(tokens []cxxToken, text string) bool {
	for _, t := range tokens {
		if t.text == text {
			return true
		}
	}
	return false
}

// closing is the index of the brace, or parenthesis, that closes the one at i.
func closing(tokens []cxxToken, i int) int {
	opening := tokens[i].text
	closing := map[string]string{"{": "}", "(": ")"}[opening]
	for depth := 0; i < len(tokens); i++ {
		switch tokens[i].text {
		case opening:
			depth++
		case closing:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(tokens)
}

// asFunction reads `… cgo_guard_error *name(…) …` and `… name(…, cgo_guard_error **place, …) …`, without the body.
func asFunction(declaration []cxxToken) (cxxFunction, bool) {
	for i := 1; i < len(declaration); i++ {
		if declaration[i].text != "(" || identifierLength(declaration[i-1].text) == 0 {
			continue
		}
		// `… noexcept(…)`, or the macro of an attribute, is behind or before the parameters.
		end := closing(declaration, i)
		before, parameters := declaration[:i-1], declaration[i+1:min(end, len(declaration))]
		f := cxxFunction{name: declaration[i-1]}
		switch {
		case has(before, "static") || has(before, "inline") || has(before, "template") || has(before, "=") || has(before, ":"):
			return cxxFunction{}, false
		case endsWith(before, "cgo_guard_error", "*"):
			f.returns = true
			return f, true
		}
		if place, ok := placeIn(parameters); ok {
			f.place = place
			return f, len(before) > 0
		}
		i = end
	}
	return cxxFunction{}, false
}

func endsWith(tokens []cxxToken, texts ...string) bool {
	if len(tokens) < len(texts) {
		return false
	}
	for i, text := range texts {
		if tokens[len(tokens)-len(texts)+i].text != text {
			return false
		}
	}
	return true
}

// placeIn is the name of the parameter cgo_guard_error **.
func placeIn(parameters []cxxToken) (name string, ok bool) {
	for i := 0; i+2 < len(parameters); i++ {
		if parameters[i].text == "cgo_guard_error" && parameters[i+1].text == "*" && parameters[i+2].text == "*" {
			if i+3 < len(parameters) && identifierLength(parameters[i+3].text) > 0 {
				name = parameters[i+3].text
			}
			return name, true
		}
	}
	return "", false
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
