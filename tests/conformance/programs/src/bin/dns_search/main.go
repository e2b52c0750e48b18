package main

import (
	"context"
	"fmt"
	"net"
)

func main() {
	fmt.Println(net.LookupHost("host"))
	fmt.Println(net.DefaultResolver.LookupIP(context.Background(), "ip4", "other.host"))
}
