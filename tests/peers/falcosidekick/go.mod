module falconer.test/peers/falcosidekick

go 1.19

require github.com/falcosecurity/falcosidekick v0.0.0-20210623203859-bd7f5fef3650
