// SPDX-License-Identifier: BSL-1.0

package cgoguard

import "testing"

func TestTheOutermostFrameHasTheNameOfItsGuardWhereThereAreNoSymbols(t *testing.T) {
	const bare = "0x5000\n\t/bin/shop+0x1000 [build id ab]\n"
	for _, test := range []struct{ text, guard, want string }{
		{bare, "shop_count", "shop_count\n\t/bin/shop+0x1000 [build id ab]\n"},
		{"0x4000\n\t/bin/shop+0x900\n" + bare, "shop_count", "0x4000\n\t/bin/shop+0x900\nshop_count\n\t/bin/shop+0x1000 [build id ab]\n"},
		{"memcpy\n\t/lib/libc.so.6+0x1\n" + bare, "shop_count", "memcpy\n\t/lib/libc.so.6+0x1\nshop_count\n\t/bin/shop+0x1000 [build id ab]\n"},
		{bare + "count\n\t/src/a.cpp:1 (shop+0x2)\n", "shop_count", bare + "count\n\t/src/a.cpp:1 (shop+0x2)\n"},
		{bare + "... 3 frames left out ...\n", "shop_count", bare + "... 3 frames left out ...\n"},
		{bare, "", bare},
		{"", "shop_count", ""},
	} {
		if got := nameOutermost(test.text, test.guard); got != test.want {
			t.Errorf("nameOutermost(%q, %q) = %q, want %q", test.text, test.guard, got, test.want)
		}
	}
}
