package main

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

func main() {
	ln, err := net.Listen("unix", "fds.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := net.Dial("unix", "fds.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := os.Open("data.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, oobn, err := c.(*net.UnixConn).WriteMsgUnix([]byte("take it"), syscall.UnixRights(int(f.Fd())), nil)
	fmt.Println(n, oobn, err)
	f.Close()
	buf, oob := make([]byte, 32), make([]byte, 64)
	n, oobn, flags, from, err := s.(*net.UnixConn).ReadMsgUnix(buf, oob)
	fmt.Println(string(buf[:n]), oobn, flags == syscall.MSG_CMSG_CLOEXEC, from, err)
	msgs, err := syscall.ParseSocketControlMessage(oob[:oobn])
	if err != nil {
		fmt.Println(err)
		return
	}
	fds, err := syscall.ParseUnixRights(&msgs[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	g := os.NewFile(uintptr(fds[0]), "passed")
	n, err = g.Read(buf)
	fmt.Println(string(buf[:n]), err)
	n, err = g.Read(buf)
	fmt.Println(n, err)
	fmt.Println(g.Close())
	_, err = g.Read(buf)
	fmt.Println(err)
	c.Close()
	n, oobn, flags, from, err = s.(*net.UnixConn).ReadMsgUnix(buf, oob)
	fmt.Println(n, oobn, from, err != nil)
	s.Close()
	ln.Close()
}
