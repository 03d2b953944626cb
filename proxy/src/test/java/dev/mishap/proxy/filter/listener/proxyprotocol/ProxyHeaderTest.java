package dev.mishap.proxy.filter.listener.proxyprotocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxyHeaderTest {
    private static String show(ProxyHeader h) {
        return h.source() == null ? "none" : h.source() + " " + h.destination();
    }

    @ParameterizedTest
    @CsvSource({
        "PROXY TCP4 1.2.3.4 5.6.7.8 11 22, /1.2.3.4:11 /5.6.7.8:22",
        "PROXY TCP4 1.2.3.4 5.6.7.8 0 65535, /1.2.3.4:0 /5.6.7.8:65535",
        "PROXY UNKNOWN, none",
        "PROXY UNKNOWN what ever, none",
        "PROXY TCP6 ::1 ::2 1 2, /[0:0:0:0:0:0:0:1]:1 /[0:0:0:0:0:0:0:2]:2",
        "PROXY TCP4 ::1 ::2 1 2, -",
        "PROXY TCP6 1.2.3.4 5.6.7.8 1 2, -",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536, -",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1, -",
        "PROXY TCP4 1.2.3.4 5.6.7.08 1 1, -",
        "PROXY, -",
        "proxy UNKNOWN, -",
    })
    void lines(String line, String expected) {
        String shown;
        try {
            shown = show(ProxyHeader.v1(line));
        } catch (ProxyHeader.Malformed e) {
            shown = "-";
        }
        assertThat(shown).isEqualTo(expected);
    }

    @Test
    void damagedBinaryHeadersAreReadOrRefused() {
        SplittableRandom random = new SplittableRandom(7);
        int read = 0;
        for (int i = 0; i < 20_000; i++) {
            ByteBuf in = Unpooled.buffer();
            int length = random.nextInt(60);
            in.writeBytes(ProxyHeader.V2_SIGNATURE).writeByte(0x20 + random.nextInt(3));
            in.writeByte(new int[] {0x11, 0x12, 0x21, 0x31, 0}[random.nextInt(5)])
                    .writeShort(length);
            for (int k = 0; k < length; k++) {
                in.writeByte(random.nextInt(20));
            }
            try {
                assertThat(ProxyHeader.v2(in).size()).isEqualTo(16 + length);
                read++;
            } catch (ProxyHeader.Malformed e) {
                assertThat(e).hasMessageNotContaining("null");
            }
            in.release();
        }
        assertThat(read).isBetween(1000, 19_000);
    }
}
