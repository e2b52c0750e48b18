package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	// A TCP listener.
	ln, err := net.Listen("tcp", "127.0.0.1:20144")
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := ln.(*net.TCPListener).File()
	fmt.Println(f.Name(), err)
	ln.Close()
	ln, err = net.FileListener(f)
	fmt.Println(err)
	f.Close()
	fmt.Println(ln.Addr())
	ln.Close()

	// A unix connection.
	ln, err = net.Listen("unix", "file.sock")
	fmt.Println(err)
	c, err := net.Dial("unix", "file.sock")
	fmt.Println(err)
	f, err = c.(*net.UnixConn).File()
	fmt.Println(f.Name(), err)
	c.Close()
	c, err = net.FileConn(f)
	fmt.Println(err)
	f.Close()
	n, err := c.Write([]byte("through a file"))
	fmt.Println(n, err)
	s, err := ln.Accept()
	fmt.Println(err)
	buf := make([]byte, 32)
	n, err = s.Read(buf)
	fmt.Println(string(buf[:n]), err)
	s.Close()
	c.Close()
	ln.Close()

	// A UDP socket.
	pc, err := net.ListenPacket("udp", "127.0.0.1:20144")
	fmt.Println(err)
	f, err = pc.(*net.UDPConn).File()
	fmt.Println(f.Name(), err)
	pc.Close()
	pc, err = net.FilePacketConn(f)
	fmt.Println(err)
	f.Close()
	n, err = pc.WriteTo([]byte("to myself"), pc.LocalAddr())
	fmt.Println(n, err)
	n, _, err = pc.ReadFrom(buf)
	fmt.Println(string(buf[:n]), err)

	// Not what is asked for.
	f, err = pc.(*net.UDPConn).File()
	fmt.Println(err)
	_, err = net.FileListener(f)
	fmt.Println(err)
	f.Close()
	pc.Close()
	f, err = os.Open("/dev/null")
	fmt.Println(err)
	_, err = net.FileConn(f)
	fmt.Println(err)
	f.Close()
}
