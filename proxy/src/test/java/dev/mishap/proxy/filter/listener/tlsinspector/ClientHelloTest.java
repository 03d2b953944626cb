package dev.mishap.proxy.filter.listener.tlsinspector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.listener.tlsinspector.ClientHello.Result;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.SplittableRandom;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.Test;

class ClientHelloTest {
    private static final int MAX = 16384;

    /** What the JDK's client sends first. */
    private static byte[] hello(String name, String... protocols) {
        try {
            SSLEngine engine = SSLContext.getDefault().createSSLEngine();
            engine.setUseClientMode(true);
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName(name)));
            parameters.setApplicationProtocols(protocols);
            engine.setSSLParameters(parameters);
            ByteBuffer out = ByteBuffer.allocate(20000);
            engine.wrap(ByteBuffer.allocate(0), out);
            byte[] bytes = new byte[out.flip().remaining()];
            out.get(bytes);
            return bytes;
        } catch (NoSuchAlgorithmException | SSLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void nameAndProtocolsOfARealClient() {
        byte[] bytes = hello("a.test", "h2", "http/1.1");
        ClientHello hello = new ClientHello();
        assertThat(hello.read(Unpooled.wrappedBuffer(bytes), MAX)).isEqualTo(Result.FOUND);
        assertThat(hello.serverName()).isEqualTo("a.test");
        assertThat(hello.protocols()).containsExactly("h2", "http/1.1");
        assertThat(hello.size()).isEqualTo(bytes.length);
        assertThat(hello.ja3()).matches("[0-9a-f]{32}");
    }

    @Test
    void everyBeginningIsPartialAndNothingIsTaken() {
        byte[] bytes = hello("a.test");
        for (int n = 0; n < bytes.length; n++) {
            ByteBuf in = Unpooled.wrappedBuffer(bytes, 0, n);
            assertThat(new ClientHello().read(in, MAX)).as("%d bytes", n).isEqualTo(Result.PARTIAL);
            assertThat(in.readableBytes()).isEqualTo(n);
        }
    }

    @Test
    void aHelloOverManyRecordsIsOne() {
        byte[] bytes = hello("a.test", "h2");
        ByteBuf records = Unpooled.buffer();
        for (int at = 5; at < bytes.length; at += 7) {
            int n = Math.min(7, bytes.length - at);
            records.writeByte(22).writeShort(0x0301).writeShort(n).writeBytes(bytes, at, n);
        }
        ClientHello hello = new ClientHello();
        assertThat(hello.read(records, MAX)).isEqualTo(Result.FOUND);
        assertThat(hello.serverName()).isEqualTo("a.test");
        records.release();
    }

    /** Whatever bytes come, the reader answers and takes nothing. */
    @Test
    void damagedHellosEndInAnAnswer() {
        byte[] bytes = hello("a.test", "h2");
        SplittableRandom random = new SplittableRandom(1);
        int found = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] damaged = bytes.clone();
            for (int k = random.nextInt(1, 4); k > 0; k--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            ByteBuf in = Unpooled.wrappedBuffer(damaged);
            found += new ClientHello().read(in, MAX) == Result.FOUND ? 1 : 0;
            assertThat(in.readableBytes()).isEqualTo(damaged.length);
        }
        assertThat(found).isBetween(1, 19_999);
    }
}
