package dev.mishap.proxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class DnsOptionsTest {
    private static final InetSocketAddress OWN = new InetSocketAddress("10.0.0.1", 53);
    private static final InetSocketAddress SYSTEM = new InetSocketAddress("10.0.0.9", 53);

    private static List<InetSocketAddress> asked(
            List<InetSocketAddress> own, boolean onlyFallback, int tries, boolean rotate, InetSocketAddress... system) {
        return new DnsOptions(own, false, 5_000, onlyFallback, tries, rotate).asked(List.of(system));
    }

    @Test
    void who_is_asked() {
        assertThat(asked(List.of(), false, 1, false, SYSTEM)).isEmpty();
        assertThat(asked(List.of(OWN), false, 1, false, SYSTEM)).containsExactly(OWN);
        assertThat(asked(List.of(OWN), true, 1, false, SYSTEM)).isEmpty();
        assertThat(asked(List.of(OWN), true, 1, false)).containsExactly(OWN);
        assertThat(asked(List.of(OWN), true, 2, false, SYSTEM)).containsExactly(SYSTEM, SYSTEM);
        assertThat(asked(List.of(OWN), false, 3, false)).containsExactly(OWN, OWN, OWN);
        assertThat(asked(List.of(), false, 1, true, SYSTEM)).containsExactly(SYSTEM);
    }

    @Test
    void what_nobody_said_is_not_what_somebody_said() {
        assertThat(DnsOptions.DEFAULT.isGiven()).isFalse();
        assertThat(DnsOptions.system().isGiven()).isTrue();
        assertThat(DnsOptions.system()).isEqualTo(DnsOptions.DEFAULT);
    }
}
