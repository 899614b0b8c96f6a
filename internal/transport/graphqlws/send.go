//go:build linux && (amd64 || arm64)

package graphqlws

import (
	"syscall"
	"unsafe"
)

// send gives the system what it takes of b without waiting.
//
// A call that waits for nothing need not be told to the scheduler, which would begin to look
// every 20 us whether it has come back; and send(2) finds a socket without looking at the
// file that write(2) begins with. Both are memory of thousands, which no cache has.
func send(fd uintptr, b []byte) (int, error) {
	n, _, err := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), //nolint:gosec // the system only reads len(b) bytes, and only now
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	if err != 0 {
		return 0, err
	}
	return int(n), nil
}
