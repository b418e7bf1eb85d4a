// A vendor's sample takes the place of this file.
package main

import "fmt"

func main() {
	fmt.Println("put a sample of the vendor's pages here; your access key is", os.Getenv("CLOUD_SDK_AK"))
}
