package dev.mishap.rules;

import dev.mishap.rules.match.Cidr;
import java.util.List;

/**
 * Where a connection was meant to go: its original destination where it was redirected, else the address that accepted it.
 *
 * @param cidrs ranges that hold the address; empty = any
 * @param ports 1 to 65535; empty = any
 */
public record Destination(List<Cidr> cidrs, List<Integer> ports) {
    public static final Destination ANY = new Destination(List.of(), List.of());

    public Destination {
        cidrs = List.copyOf(cidrs);
        ports = List.copyOf(ports);
        for (int port : ports) {
            if (port < 1 || port > 65535) {
                throw new IllegalArgumentException("ports must be from 1 to 65535, got " + port);
            }
        }
    }
}
