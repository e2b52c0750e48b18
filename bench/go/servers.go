package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
)

const readBuffer = 1024

func listen() net.Listener {
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", number("port", 0)))
	must(err)
	fmt.Println("READY")
	return listener
}

// serve runs a goroutine for each connection; TCP_NODELAY is what Go sets by itself.
func serve(connection func(net.Conn)) {
	listener := listen()
	for {
		conn, err := listener.Accept()
		must(err)
		go func() {
			connection(conn)
			conn.Close()
		}()
	}
}

func echo(conn net.Conn) {
	buf := make([]byte, readBuffer)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if _, err = conn.Write(buf[:n]); err != nil {
			return
		}
	}
}

func oneLine(conn net.Conn) {
	buf := make([]byte, readBuffer)
	n := 0
	for bytes.IndexByte(buf[:n], '\n') < 0 {
		more, err := conn.Read(buf[n:])
		if err != nil {
			return
		}
		n += more
	}
	conn.Write(buf[:n]) // the client may have left
}

func httpHello() {
	hello := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write([]byte("Hello, World!"))
	}
	must(http.Serve(listen(), http.HandlerFunc(hello)))
}
