// SPDX-License-Identifier: BSL-1.0

// Command consumer loads the plugin that it is given, and gets the plugin's failures as errors.
package main

// #cgo LDFLAGS: -ldl
// #include <cgo_guard.h>
// #include <dlfcn.h>
// #include <stdlib.h>
// static void *load(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
// static cgo_guard_error *fail(void *plugin, int how) {
//   return ((cgo_guard_error *(*)(int))dlsym(plugin, "plugin_fail"))(how);
// }
import "C"

import (
	"errors"
	"fmt"
	"os"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

func main() {
	plugin := C.load(C.CString(os.Args[1]))
	if plugin == nil {
		fmt.Println(C.GoString(C.dlerror()))
		os.Exit(1)
	}
	fail := func(how C.int) error { return cgoguard.Err(C.fail(plugin, how)) }
	if err := fail(0); !errors.Is(err, cgoguard.SIGSEGV) {
		panic(fmt.Sprintf("a null pointer is not a SIGSEGV: %+v", err))
	}
	if err := fail(1); !errors.Is(err, cgoguard.Exception("std::out_of_range")) {
		panic(fmt.Sprintf("std::out_of_range is no such exception: %+v", err))
	}
	if err := fail(2); err != nil {
		panic(fmt.Sprintf("a failure of nothing: %+v", err))
	}
	if live := cgoguard.Stats().LiveErrors; live != 0 {
		panic(fmt.Sprint("errors left over: ", live))
	}
	fmt.Println("OK")
}
