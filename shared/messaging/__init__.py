"""How events leave a service and reach another one: log, relay, wire format, consumer, healing."""
