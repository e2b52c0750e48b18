package main

import (
	"context"
	"fmt"
	"net"
	"syscall"
)

func main() {
	lc := net.ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_PKTINFO, 1)
		})
	}}
	pc, err := lc.ListenPacket(context.Background(), "udp4", "127.0.0.1:20055")
	if err != nil {
		fmt.Println(err)
		return
	}
	a := pc.(*net.UDPConn)
	pc, err = net.ListenPacket("udp4", "127.0.0.1:20056")
	if err != nil {
		fmt.Println(err)
		return
	}
	b := pc.(*net.UDPConn)
	buf, oob := make([]byte, 8), make([]byte, 64)
	n, oobn, err := b.WriteMsgUDP([]byte("with control"), nil, a.LocalAddr().(*net.UDPAddr))
	fmt.Println(n, oobn, err)
	n, oobn, flags, from, err := a.ReadMsgUDP(buf, oob)
	fmt.Println(n, oobn, flags, from, err)
	n, oobn, err = a.WriteMsgUDP([]byte("back"), oob[:oobn], from)
	fmt.Println(n, oobn, err)
	n, oobn, flags, from, err = b.ReadMsgUDP(buf, oob)
	fmt.Println(n, oobn, flags, from, err)
	n, oobn, err = b.WriteMsgUDP(nil, nil, from)
	fmt.Println(n, oobn, err)
	n, oobn, flags, from, err = a.ReadMsgUDP(buf, nil)
	fmt.Println(n, oobn, flags, from, err)
	_, _, err = a.WriteMsgUDP([]byte("x"), nil, nil)
	fmt.Println(err)
	a.Close()
	b.Close()
}
