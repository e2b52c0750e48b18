package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	a, err := net.Listen("unix", "@conformance-names")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := net.Dial("unix", "@conformance-names")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := a.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Addr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
	_, err = net.Listen("unix", "@conformance-names")
	fmt.Println(err)
	c.Close()
	s.Close()
	fmt.Println(a.Close())
	_, err = net.Dial("unix", "@conformance-names")
	fmt.Println(err)
	kept, err := net.Listen("unix", "kept.sock")
	fmt.Println(err)
	kept.(*net.UnixListener).SetUnlinkOnClose(false)
	fmt.Println(kept.Close())
	fmt.Println(kept.Close())
	_, err = net.Listen("unix", "kept.sock")
	fmt.Println(err)
	_, err = net.Dial("unix", "kept.sock")
	fmt.Println(err)
	fmt.Println(os.Remove("kept.sock"))
	gone, err := net.Listen("unix", "gone.sock")
	fmt.Println(err)
	fmt.Println(os.Remove("gone.sock"))
	fmt.Println(gone.Close())
	_, err = gone.Accept()
	fmt.Println(err)
	_, err = net.Listen("unix", "no/such/folder.sock")
	fmt.Println(err)
	_, err = net.Dial("unixgram", "no.sock")
	fmt.Println(err)
	_, err = net.Dial("unix", "")
	fmt.Println(err)
}
