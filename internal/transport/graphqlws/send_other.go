//go:build !linux || !(amd64 || arm64)

package graphqlws

import "syscall"

// send gives the system what it takes of b without waiting: Go's sockets never wait.
func send(fd uintptr, b []byte) (int, error) { return syscall.Write(int(fd), b) }
