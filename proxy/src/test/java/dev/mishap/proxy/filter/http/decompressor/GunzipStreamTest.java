package dev.mishap.proxy.filter.http.decompressor;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GunzipStreamTest {
    private final GunzipStream gunzip = new GunzipStream(64, 100, ByteBufAllocator.DEFAULT);
    private final ByteBuf out = Unpooled.buffer();

    @AfterEach
    void close() {
        gunzip.close();
        out.release();
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text.getBytes(StandardCharsets.ISO_8859_1));
        }
        return bytes.toByteArray();
    }

    private String read() {
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 1000})
    void piecesOfAnySizeGiveTheText(int piece) throws IOException {
        String text = "some text that is longer than one chunk, ".repeat(9);
        byte[] bytes = gzip(text);
        for (int at = 0; at < bytes.length; at += piece) {
            assertThat(gunzip.read(Unpooled.wrappedBuffer(bytes, at, Math.min(piece, bytes.length - at)), out))
                    .isTrue();
        }
        assertThat(read()).isEqualTo(text);
    }

    @Test
    void optionalPartsOfTheHeaderArePassedOver() throws IOException {
        byte[] plain = gzip("x");
        ByteBuf all = Unpooled.buffer();
        all.writeBytes(new byte[] {0x1f, (byte) 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3});
        all.writeBytes(new byte[] {2, 0, 9, 9}); // extra
        all.writeBytes("name\0comment\0".getBytes(StandardCharsets.ISO_8859_1));
        all.writeBytes(new byte[] {1, 1}); // checksum of the header
        all.writeBytes(plain, 10, plain.length - 10);

        assertThat(gunzip.read(all, out)).isTrue();
        assertThat(read()).isEqualTo("x");
        all.release();
    }

    @Test
    void whatIsNoGzipIsSwallowed() {
        ByteBuf text = Unpooled.copiedBuffer("not gzip at all", StandardCharsets.ISO_8859_1);
        assertThat(gunzip.read(text, out)).isFalse();
        assertThat(gunzip.read(text, out)).as("told once").isTrue();
        assertThat(out.isReadable()).isFalse();
        text.release();
    }

    @Test
    void aStreamThatGrowsTooMuchIsCutShort() throws IOException {
        ByteBuf bomb = Unpooled.wrappedBuffer(gzip("a".repeat(1_000_000)));
        assertThat(gunzip.read(bomb, out)).isFalse();
        assertThat(out.readableBytes()).isBetween(1, 100 * bomb.readableBytes() + 64);
        bomb.release();
    }
}
