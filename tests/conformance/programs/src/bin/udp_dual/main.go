package main

import (
	"fmt"
	"net"
)

func send(p net.PacketConn, to string) {
	a, err := net.ResolveUDPAddr("udp", to)
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := p.WriteTo([]byte("hello "+to), a)
	fmt.Println(n, err)
}

func recv(p net.PacketConn) {
	buf := make([]byte, 64)
	n, from, err := p.ReadFrom(buf)
	fmt.Println(string(buf[:n]), from, err)
}

func main() {
	both, err := net.ListenPacket("udp", ":20051")
	fmt.Println(both.LocalAddr(), err)
	six, err := net.ListenPacket("udp6", "[::1]:20052")
	fmt.Println(six.LocalAddr(), err)
	four, err := net.ListenPacket("udp4", ":20053")
	fmt.Println(four.LocalAddr(), err)
	send(four, "127.0.0.1:20051")
	recv(both)
	send(six, "[::1]:20051")
	recv(both)
	send(both, "127.0.0.1:20053")
	recv(four)
	send(both, "[::1]:20052")
	recv(six)
	send(four, "[::1]:20052")
	send(six, "127.0.0.1:20053")
	_, err = net.ListenPacket("udp4", "[::1]:20054")
	fmt.Println(err)
	_, err = net.ListenPacket("udp", "127.0.0.1:20053")
	fmt.Println(err)
	both.Close()
	six.Close()
	four.Close()
}
