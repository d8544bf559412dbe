// SPDX-License-Identifier: BSL-1.0

//go:build go1.24

package vet

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPackagesMayHaveGenericAliases(t *testing.T) {
	directory := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":   "module example.com/alias\n\ngo 1.24\n",
		"alias.go": "package alias\n\ntype Set[T comparable] = map[T]bool\n",
	} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if output, content := vetted(t, directory, program, "vet"); !content {
		t.Error(output)
	}
}
