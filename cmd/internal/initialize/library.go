// SPDX-License-Identifier: BSL-1.0

package initialize

import (
	"bytes"
	"errors"
	"fmt"
	"go/build"
	"os/exec"
	"strings"
)

const library = "github.com/cgo-guard/cgo_guard"

// headersFor is the directory with the headers of the version that a package's module requires: with the Go package
// cgoguard, which is of that version too, no other one works. The go command knows where they are, in the module cache,
// in vendor or where a replace line says.
func headersFor(directory string) (string, error) {
	command := exec.Command("go", "list", "-find", "-f", "{{.Dir}}", library+"/include")
	command.Dir = directory
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		var exited *exec.ExitError
		if !errors.As(err, &exited) {
			return "", fmt.Errorf("the go command can't be run: %w", err)
		}
		return "", fmt.Errorf("the module of %s does not have %s; if it does not require it yet:\n\n\tgo get %s@latest\n\n%s",
			directory, library, library, strings.TrimSpace(errs.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// packageIn reads what a directory has of a Go package: an empty name if there are no Go files.
func packageIn(directory string) (*build.Package, error) {
	context := build.Default
	context.CgoEnabled = true // or it would not see the files that matter
	p, err := context.ImportDir(directory, 0)
	var none *build.NoGoError
	if errors.As(err, &none) {
		return p, nil
	}
	return p, err
}

// choosesStandard reports whether the package's own #cgo lines say which C++ it is written in.
func choosesStandard(p *build.Package) bool {
	for _, flag := range append(append([]string(nil), p.CgoCXXFLAGS...), p.CgoCPPFLAGS...) {
		if strings.HasPrefix(flag, "-std=") {
			return true
		}
	}
	return false
}
