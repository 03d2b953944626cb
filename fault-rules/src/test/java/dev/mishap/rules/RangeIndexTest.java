package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.mishap.rules.match.Cidr;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RangeIndexTest {
    private static final int RULES = 100;

    private final Random random = new Random(7);

    /** Of few networks, so that ranges and addresses meet. */
    private byte[] address() {
        byte[] address = new byte[random.nextBoolean() ? 4 : 16];
        for (int i = 0; i < address.length; i++) {
            address[i] = (byte) (random.nextInt(3) == 0 ? random.nextInt(256) : random.nextInt(2) * 255);
        }
        return address;
    }

    @Test
    void it_finds_what_the_ranges_themselves_contain() throws UnknownHostException {
        RangeIndex index = new RangeIndex(2);
        List<Cidr> ranges = new ArrayList<>();
        for (int rule = 0; rule < RULES; rule++) {
            byte[] network = address();
            String text = InetAddress.getByAddress(network).getHostAddress();
            Cidr range = new Cidr(text + "/" + random.nextInt(network.length * 8 + 1));
            ranges.add(range);
            index.add(List.of(range), rule);
        }
        int found = 0;
        for (int i = 0; i < 2_000; i++) {
            InetAddress address = InetAddress.getByAddress(address());
            long[] bits = new long[2];
            index.collect(address, bits);
            for (int rule = 0; rule < RULES; rule++) {
                boolean holds = ranges.get(rule).compile().contains(address);
                assertThat((bits[rule >> 6] & 1L << rule) != 0)
                        .as("%s in %s", address, ranges.get(rule))
                        .isEqualTo(holds);
                found += holds ? 1 : 0;
            }
        }
        assertThat(found).isGreaterThan(1_000);
    }

    @Test
    void a_look_up_allocates_no_more_than_the_bytes_of_the_address() throws UnknownHostException {
        RangeIndex index = new RangeIndex(1);
        for (int length = 1; length <= 32; length++) {
            index.add(List.of(new Cidr("10.0.0.0/" + length)), length);
        }
        InetAddress address = InetAddress.getByName("10.0.0.1");
        long[] bits = new long[1];
        index.collect(address, bits); // loads what there is to load
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 1_000; i++) {
            index.collect(address, bits);
        }
        assertThat((threads.getCurrentThreadAllocatedBytes() - before) / 1_000).isLessThanOrEqualTo(64);
        assertThat(bits[0]).isNotZero();
    }
}
