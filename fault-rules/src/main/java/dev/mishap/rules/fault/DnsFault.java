package dev.mishap.rules.fault;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;

/**
 * What happens to a DNS question: the one that a client asks the proxy's DNS server, or the one that the proxy asks for a cluster.
 *
 * @param action what
 * @param time of {@link Action#DELAY} (more than 0 and at most 24 h) and {@link Action#TTL} (0 s to 24 h, whole seconds); else 0
 * @param addresses of {@link Action#ADDRESS}, 1 to 16 IP addresses; else none
 */
public record DnsFault(Action action, Duration time, List<String> addresses) implements Fault {
    /** The kinds. */
    public enum Action {
        /** The answer comes so much later. */
        DELAY("delay", false),
        /** There is no answer. */
        DROP("drop", true),
        /** RCODE 2. */
        SERVFAIL("servfail", true),
        /** RCODE 3. */
        NXDOMAIN("nxdomain", true),
        /** RCODE 5. */
        REFUSED("refused", true),
        /** RCODE 0 and no record (NODATA). */
        EMPTY("empty", true),
        /** Every record of the answer gets this time to live. */
        TTL("ttl", false),
        /** The answer has these addresses instead. */
        ADDRESS("address", true),
        /** An answer over UDP has TC set and no record, so that the client asks again over TCP. */
        TRUNCATE("truncate", true);

        private final String field;
        private final boolean terminal;

        Action(String field, boolean terminal) {
            this.field = field;
            this.terminal = terminal;
        }

        /** The word in a rule file. */
        public String field() {
            return field;
        }

        /** Whether the action makes the answer, so that only one of them can act on a question. */
        public boolean terminal() {
            return terminal;
        }
    }

    public DnsFault {
        addresses = List.copyOf(addresses);
        if (action == Action.DELAY) {
            Pace.requireTime("delay", time);
        } else if (action == Action.TTL) {
            if (time.isNegative() || time.compareTo(Delay.MAX) > 0 || time.getNano() != 0) {
                throw new IllegalArgumentException("ttl must be whole seconds from 0s to 24h");
            }
        } else if (!time.isZero()) {
            throw new IllegalArgumentException(action.field() + " has no time");
        }
        if (action == Action.ADDRESS ? addresses.isEmpty() || addresses.size() > 16 : !addresses.isEmpty()) {
            throw new IllegalArgumentException("address must have 1 to 16 addresses");
        }
        for (String address : addresses) {
            literal(address);
        }
    }

    public static DnsFault of(Action action) {
        return new DnsFault(action, Duration.ZERO, List.of());
    }

    public static DnsFault delay(Duration time) {
        return new DnsFault(Action.DELAY, time, List.of());
    }

    public static DnsFault ttl(Duration time) {
        return new DnsFault(Action.TTL, time, List.of());
    }

    public static DnsFault address(List<String> addresses) {
        return new DnsFault(Action.ADDRESS, Duration.ZERO, addresses);
    }

    /** The addresses as such. */
    public List<InetAddress> literals() {
        return addresses.stream().map(DnsFault::literal).toList();
    }

    /** The address that a literal says; asks no resolver. */
    public static InetAddress literal(String address) {
        boolean numeric = !address.isEmpty()
                && address.chars().allMatch(c -> Character.digit(c, 16) >= 0 || c == '.' || c == ':')
                && (address.indexOf(':') >= 0
                        || address.chars().filter(c -> c == '.').count() == 3);
        try {
            if (numeric) {
                return InetAddress.getByName(address);
            }
        } catch (UnknownHostException e) {
            // told below
        }
        throw new IllegalArgumentException("expected an IP address, got '" + address + "'");
    }

    @Override
    public Kind kind() {
        return Kind.DNS;
    }
}
