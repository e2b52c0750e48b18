package main

import (
	"fmt"
	"net"
)

func main() {
	fmt.Println(net.LookupHost("host.example."))
	fmt.Println(net.LookupHost("broken.example."))
	fmt.Println(net.LookupHost("secret.onion"))
}
