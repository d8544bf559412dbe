module example.com/neighbours

go 1.19

require (
	github.com/cgo-guard/cgo_guard v0.0.0
	github.com/ianlancetaylor/cgosymbolizer v0.0.0-20240503222823-736c933a666d
)

replace github.com/cgo-guard/cgo_guard => ../..
