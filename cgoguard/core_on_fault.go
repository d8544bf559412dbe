// SPDX-License-Identifier: BSL-1.0

package cgoguard

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// CoreOptions ask for a core of a fault that a guard takes: a file that gdb opens like that of a process which died,
// while this one goes on. The zero value, which is the default, takes none.
//
// The process is copied in the signal handler, before anything is unwound, and the copy writes the file. The fault
// waits for the copying, some 30 to 80 ms for a gigabyte of memory, and nobody for the writing. Neither RLIMIT_CORE nor
// /proc/sys/kernel/core_pattern has a say.
type CoreOptions struct {
	// Dir is where cores are written to. It must exist, and the process must be able to write to it. "" is for no cores.
	Dir string
	// Max is how many cores there may be in the life of the process. 0 means 5.
	Max int
	// Every is the least time from one core to the next. 0 means a minute.
	Every time.Duration
	// MaxBytes is how large one may be, as it is on the disk; one that would be larger is given up and removed. 0 means
	// that there is no limit but half of the free space.
	MaxBytes int64
}

// check returns the options as C takes them: an absolute directory, milliseconds.
func (o CoreOptions) check() (dir string, everyMS int32, err error) {
	switch {
	case o.Dir == "" && o != CoreOptions{}:
		return "", 0, fmt.Errorf("cgoguard: Options.CoreOnFault has limits but no Dir")
	case strings.IndexByte(o.Dir, 0) >= 0:
		return "", 0, fmt.Errorf("cgoguard: Options.CoreOnFault.Dir is %q; a directory's name has no NUL byte", o.Dir)
	case o.Max < 0 || o.Max > math.MaxInt32:
		return "", 0, fmt.Errorf("cgoguard: Options.CoreOnFault.Max is %d; it must be 1 to %d, or 0 for the default", o.Max, math.MaxInt32)
	case o.Every < 0 || o.Every > math.MaxInt32*time.Millisecond:
		return "", 0, fmt.Errorf("cgoguard: Options.CoreOnFault.Every is %v; it must be at most %v, or 0 for the default", o.Every,
			math.MaxInt32*time.Millisecond)
	case o.MaxBytes < 0:
		return "", 0, fmt.Errorf("cgoguard: Options.CoreOnFault.MaxBytes is %d; it must not be negative", o.MaxBytes)
	case o.Dir == "":
		return "", 0, nil
	}
	dir, err = filepath.Abs(o.Dir)
	if err != nil {
		return "", 0, fmt.Errorf("cgoguard: Options.CoreOnFault.Dir is %q: %w", o.Dir, err)
	}
	// Not rounded to 0, which would be the default.
	return dir, int32((o.Every + time.Millisecond - 1) / time.Millisecond), nil
}

// coreText is the name of the core with what has become of it.
func (e *Error) coreText() string {
	readStats() // gives the process table entry of a writer that has ended back
	is := func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	}
	switch {
	case is(e.CoreFile):
		return e.CoreFile
	case is(e.CoreFile + ".unfinished"):
		return e.CoreFile + " (being written)"
	case is(e.CoreFile): // given its name between two looks
		return e.CoreFile
	}
	return e.CoreFile + " (not there: removed, or never finished, and then Stats().CoreFailure says why)"
}
