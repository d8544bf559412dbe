// SPDX-License-Identifier: BSL-1.0

package failing_test

import (
	"testing"
	"time"

	"example.com/neighbours/failing"
)

func TestTrap18ThrowingBesideTheProfilerDoesNotHang(t *testing.T) {
	if err := failing.Storm(2*time.Second, true); err != nil {
		t.Error(err)
	}
}
