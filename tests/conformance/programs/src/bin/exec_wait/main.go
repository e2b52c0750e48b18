package main

import (
	"fmt"
	"os/exec"
)

func main() {
	fmt.Println(exec.Command("/bin/sleep", "1.5").Run())
}
