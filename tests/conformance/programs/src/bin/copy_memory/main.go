package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
)

func pair(ln net.Listener) (net.Conn, net.Conn) {
	c, err := net.Dial("unix", "memory.sock")
	if err != nil {
		panic(err)
	}
	s, err := ln.Accept()
	if err != nil {
		panic(err)
	}
	return c, s
}

func main() {
	ln, err := net.Listen("unix", "memory.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, s := pair(ln)
	text := bytes.Repeat([]byte("0123456789"), 4000)
	n, err := io.Copy(c, bytes.NewReader(text))
	fmt.Println(n, err)
	n, err = io.Copy(c, bytes.NewReader(nil))
	fmt.Println(n, err)
	c.Close()
	var b bytes.Buffer
	n, err = io.Copy(&b, s)
	fmt.Println(n, err, bytes.Equal(b.Bytes(), text))
	s.Close()
	c, s = pair(ln)
	n, err = io.Copy(c, struct{ io.Reader }{bytes.NewReader(text)})
	fmt.Println(n, err)
	c.Close()
	n, err = io.CopyN(io.Discard, s, 10000)
	fmt.Println(n, err)
	n, err = io.Copy(io.Discard, s)
	fmt.Println(n, err)
	s.Close()
	ln.Close()
}
