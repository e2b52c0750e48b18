package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	p, err := net.ListenPacket("unixgram", "server.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.LocalAddr().Network(), p.LocalAddr())
	d := net.Dialer{LocalAddr: &net.UnixAddr{Name: "client.sock", Net: "unixgram"}}
	c, err := d.Dial("unixgram", "server.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.LocalAddr(), c.RemoteAddr())
	buf := make([]byte, 16)
	n, err := c.Write([]byte("question"))
	fmt.Println(n, err)
	n, from, err := p.ReadFrom(buf)
	fmt.Println(string(buf[:n]), from, err)
	n, err = p.WriteTo([]byte("answer"), from)
	fmt.Println(n, err)
	n, err = c.Read(buf)
	fmt.Println(string(buf[:n]), err)
	n, err = c.Write(nil)
	fmt.Println(n, err)
	n, _, err = p.ReadFrom(buf)
	fmt.Println(n, err)
	_, err = c.Write(make([]byte, 4<<20))
	fmt.Println(err)
	anonymous, err := net.Dial("unixgram", "server.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err = anonymous.Write([]byte("who"))
	fmt.Println(n, err)
	n, from, err = p.ReadFrom(buf)
	fmt.Println(string(buf[:n]), from, err)
	anonymous.Close()
	p.Close()
	_, err = c.Write([]byte("late"))
	fmt.Println(err)
	c.Close()
	fmt.Println(os.Remove("server.sock"), os.Remove("client.sock"))
}
