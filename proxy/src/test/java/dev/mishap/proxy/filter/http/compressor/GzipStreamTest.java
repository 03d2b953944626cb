package dev.mishap.proxy.filter.http.compressor;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;
import java.util.zip.Deflater;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class GzipStreamTest {
    private static final GzipConfig CONFIG =
            new GzipConfig(Deflater.DEFAULT_COMPRESSION, Deflater.DEFAULT_STRATEGY, 4096);

    @RepeatedTest(30)
    void whatGoesInComesOutOfAnyGzipReader(RepetitionInfo info) throws IOException {
        Random random = new Random(info.getCurrentRepetition());
        GzipStream gzip = new GzipStream(CONFIG);
        ByteArrayOutputStream plain = new ByteArrayOutputStream();
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        int pieces = 1 + random.nextInt(5);
        for (int i = 1; i <= pieces; i++) {
            byte[] piece = new byte[random.nextInt(50_000)];
            random.nextBytes(piece);
            if (random.nextBoolean()) {
                java.util.Arrays.fill(piece, (byte) 'a');
            }
            plain.writeBytes(piece);
            ByteBuf in = Unpooled.wrappedBuffer(piece);
            ByteBuf out = gzip.compress(in, i == pieces, ByteBufAllocator.DEFAULT);
            out.readBytes(packed, out.readableBytes());
            out.release();
            in.release();
        }
        gzip.close();

        byte[] read = new GZIPInputStream(new ByteArrayInputStream(packed.toByteArray())).readAllBytes();
        assertThat(read).isEqualTo(plain.toByteArray());
    }

    @Test
    void aPieceCanBeReadBeforeTheNextOneCame() throws Exception {
        GzipStream gzip = new GzipStream(CONFIG);
        ByteBuf in = Unpooled.copiedBuffer("hello", java.nio.charset.StandardCharsets.US_ASCII);
        ByteBuf out = gzip.compress(in, false, ByteBufAllocator.DEFAULT);
        byte[] packed = new byte[out.readableBytes() - 10];
        out.skipBytes(10).readBytes(packed);
        Inflater inflater = new Inflater(true);
        inflater.setInput(packed);
        byte[] read = new byte[10];

        assertThat(inflater.inflate(read)).isEqualTo(5);
        inflater.end();
        gzip.close();
        in.release();
        out.release();
    }
}
