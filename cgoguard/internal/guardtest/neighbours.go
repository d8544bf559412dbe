// SPDX-License-Identifier: BSL-1.0

package guardtest

/*
void guardtest_handler_comes_and_goes(void);
*/
import "C"

// HandlerComesAndGoes lets a library take SIGSEGV and give it back, with a guard in between.
func HandlerComesAndGoes() { C.guardtest_handler_comes_and_goes() }
