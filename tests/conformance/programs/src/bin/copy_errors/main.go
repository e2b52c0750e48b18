package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

var ln net.Listener

func pair() (net.Conn, net.Conn) {
	c, err := net.Dial("tcp4", "127.0.0.1:20142")
	if err != nil {
		panic(err)
	}
	s, err := ln.Accept()
	if err != nil {
		panic(err)
	}
	return c, s
}

func say(n int64, err error) {
	if err == nil {
		fmt.Println(n)
	} else {
		fmt.Println(err)
	}
}

func main() {
	var err error
	ln, err = net.Listen("tcp4", "127.0.0.1:20142")
	if err != nil {
		fmt.Println(err)
		return
	}
	os.WriteFile("made.txt", []byte("twenty bytes of text"), 0o600)
	in, err := os.Open("made.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	// A file to a connection that takes nothing: the file is read before that is known.
	c, s := pair()
	c.SetWriteDeadline(time.Now().Add(-time.Second))
	say(io.Copy(c, in))
	in.Seek(0, io.SeekStart)
	say(io.CopyN(c, in, 5))
	c.SetWriteDeadline(time.Time{})
	c.(*net.TCPConn).CloseWrite()
	in.Seek(0, io.SeekStart)
	say(io.Copy(c, in))
	in.Seek(0, io.SeekStart)
	say(io.CopyN(c, in, 5))
	// One connection to another: each names itself.
	d, t := pair()
	t.Write([]byte("x"))
	say(io.Copy(c, d))
	t.Write([]byte("y"))
	say(io.CopyN(c, d, 1))
	c.Close()
	in.Seek(0, io.SeekStart)
	say(io.Copy(c, in))
	in.Seek(0, io.SeekStart)
	say(io.CopyN(c, in, 5))
	say(io.Copy(c, struct{ io.Reader }{in}))
	// To files that cannot be written.
	in.Seek(0, io.SeekStart)
	say(io.Copy(in, in))
	t.Write([]byte("z"))
	say(io.Copy(in, d))
	// Pipes and files: deadlines do not keep the kernel from being asked.
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	r.SetReadDeadline(time.Now().Add(-time.Second))
	out, err := os.Create("out.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	say(io.Copy(out, r))
	say(io.Copy(s, r))
	w.SetWriteDeadline(time.Now().Add(-time.Second))
	in.Seek(0, io.SeekStart)
	say(io.Copy(w, in))
	out.Close()
	say(io.Copy(out, in))
	in.Close()
	say(io.Copy(out, in))
	say(io.Copy(s, in))
	say(io.CopyN(s, in, 5))
	d.SetReadDeadline(time.Now().Add(-time.Second))
	say(io.Copy(s, d))
	for _, end := range []io.Closer{d, t, s, r, w, ln} {
		end.Close()
	}
}
