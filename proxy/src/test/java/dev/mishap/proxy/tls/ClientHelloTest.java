package dev.mishap.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ClientHelloTest {
    /** What a client of the JDK says first. */
    private static byte[] hello(String name) {
        try {
            SSLEngine engine = SSLContext.getDefault().createSSLEngine();
            engine.setUseClientMode(true);
            if (!name.isEmpty()) {
                SSLParameters p = engine.getSSLParameters();
                p.setServerNames(List.of(new SNIHostName(name)));
                engine.setSSLParameters(p);
            }
            ByteBuffer out = ByteBuffer.allocate(20_000);
            engine.wrap(ByteBuffer.allocate(0), out);
            byte[] bytes = new byte[out.flip().remaining()];
            out.get(bytes);
            return bytes;
        } catch (NoSuchAlgorithmException | SSLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ByteBuf buffer(byte[] bytes, int length) {
        return Unpooled.wrappedBuffer(bytes, 0, length);
    }

    @Test
    void name_and_abilities_are_found_once_all_is_there() {
        byte[] bytes = hello("a.example.test");
        for (int i = 0; i < bytes.length; i++) {
            assertThat(ClientHello.parse(buffer(bytes, i))).as("%d bytes", i).isNull();
        }
        assertThat(ClientHello.parse(buffer(bytes, bytes.length)))
                .isEqualTo(new ClientHello("a.example.test", true, true));
        assertThat(ClientHello.parse(buffer(hello(""), hello("").length))).isEqualTo(new ClientHello("", true, true));
    }

    @Test
    void a_hello_in_several_records_is_put_together() {
        byte[] bytes = hello("a.example.test");
        ByteBuf records = Unpooled.buffer();
        for (int at = 5; at < bytes.length; at += 50) {
            int n = Math.min(50, bytes.length - at);
            records.writeBytes(bytes, 0, 3).writeShort(n).writeBytes(bytes, at, n);
        }
        assertThat(ClientHello.parse(records)).isEqualTo(new ClientHello("a.example.test", true, true));
    }

    @Test
    void what_is_no_hello_is_the_engines_to_judge() {
        byte[] get = "GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        assertThat(ClientHello.parse(buffer(get, get.length))).isSameAs(ClientHello.NONE);
        assertThat(ClientHello.parse(buffer(get, 1))).isSameAs(ClientHello.NONE);
        byte[] endless = new byte[ClientHello.MAX_BYTES + 1];
        byte[] start = {22, 3, 1, 0x40, 0, 1, 0, 0x3f, (byte) 0xfc};
        System.arraycopy(start, 0, endless, 0, start.length);
        assertThat(ClientHello.parse(buffer(endless, endless.length))).isNotNull();
    }

    @RepeatedTest(300)
    void hostile_bytes_do_no_harm(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        byte[] bytes = hello("a.example.test");
        for (int i = 0, n = 1 + random.nextInt(10); i < n; i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        ByteBuf in = buffer(bytes, random.nextInt(bytes.length + 1));
        int before = in.readableBytes();
        ClientHello.parse(in);
        assertThat(in.readableBytes()).isEqualTo(before);
    }
}
