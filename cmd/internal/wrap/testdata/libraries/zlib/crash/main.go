// SPDX-License-Identifier: BSL-1.0

// Command crash compresses and inflates with zlib, and then with a stream whose memory was overwritten.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"example.com/libraries/zlib"
	"github.com/cgo-guard/cgo_guard/cgoguard"
)

var text = []byte(strings.Repeat("apple and plum, ", 100))

func main() {
	packed := make([]byte, 1000)
	length := uint(len(packed))
	status, err := zlib.Compress(&packed[0], &length, text)
	must(err)
	fmt.Println("compressed", status, len(text) > int(length))

	stream := streamOf(packed[:length])
	status, err = zlib.Inflate(stream, zlib.Z_FINISH)
	must(err)
	total, err := stream.TotalOut()
	must(err)
	fmt.Println("inflated", status, total)

	// The bug: something has written over the stream's pointer to its state.
	stream = streamOf(packed[:length])
	must(stream.SetState(zlib.InternalStateAt(unsafe.Add(unsafe.Pointer(nil), 0x10000000))))
	_, err = zlib.Inflate(stream, zlib.Z_FINISH)
	if !errors.Is(err, cgoguard.SIGSEGV) {
		fail("no crash", err)
	}
	fmt.Printf("%+v\n\n", err)

	// It goes on.
	sum, err := zlib.Crc32(0, text)
	must(err)
	fmt.Printf("still %08x\n", sum)
}

func streamOf(packed []byte) zlib.ZStream {
	stream, err := zlib.NewZStream()
	must(err)
	status, err := zlib.InflateInit(stream)
	must(err)
	if status != zlib.Z_OK {
		fail("inflateInit", status)
	}
	// The stream keeps its buffers between calls: they are C's memory.
	in, err := zlib.NewCString(string(packed))
	must(err)
	out, err := zlib.NewCString(strings.Repeat(" ", len(text)))
	must(err)
	must(stream.SetNextIn((*byte)(in.Pointer())))
	must(stream.SetAvailIn(uint32(len(packed))))
	must(stream.SetNextOut((*byte)(out.Pointer())))
	must(stream.SetAvailOut(uint32(len(text))))
	return stream
}

func must(err error) {
	if err != nil {
		fail(fmt.Sprintf("%+v", err))
	}
}

func fail(what ...any) {
	fmt.Fprintln(os.Stderr, what...)
	os.Exit(1)
}
