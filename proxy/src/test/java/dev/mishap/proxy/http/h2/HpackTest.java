package dev.mishap.proxy.http.h2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HpackTest {
    private static final int BIG = 1 << 20;

    private static int decode(HpackDecoder decoder, byte[] block, HeaderMap to) {
        return decoder.decode(block, 0, block.length, to, BIG, BIG);
    }

    private static List<String> lines(HeaderMap map) {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < map.size(); i++) {
            all.add(map.name(i) + "=" + map.value(i));
        }
        return all;
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    // RFC 7541 C.3 and C.4: three requests on one connection, without and with Huffman.
    @ParameterizedTest
    @CsvSource({
        "828684410f7777772e6578616d706c652e636f6d,828684be58086e6f2d6361636865,"
                + "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        "828684418cf1e3c2e5f23a6ba0ab90f4ff,828684be5886a8eb10649cbf,828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"
    })
    void requestsOfTheRfc(String first, String second, String third) {
        HpackDecoder decoder = new HpackDecoder(4096);
        HeaderMap map = new HeaderMap();
        assertThat(decode(decoder, hex(first), map)).isZero();
        assertThat(lines(map)).containsExactly(":method=GET", ":scheme=http", ":path=/", ":authority=www.example.com");
        map.clear();
        assertThat(decode(decoder, hex(second), map)).isZero();
        assertThat(lines(map)).contains(":authority=www.example.com", "cache-control=no-cache");
        map.clear();
        assertThat(decode(decoder, hex(third), map)).isZero();
        assertThat(lines(map))
                .containsExactly(
                        ":method=GET",
                        ":scheme=https",
                        ":path=/index.html",
                        ":authority=www.example.com",
                        "custom-key=custom-value");
        assertThat(map.get(HeaderName.of("custom-key"))).isEqualTo("custom-value");
    }

    // RFC 7541 C.5 and C.6: a table of 256 bytes, from which entries fall out.
    @ParameterizedTest
    @CsvSource({
        "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e"
                + "1768747470733a2f2f7777772e6578616d706c652e636f6d,4803333037c1c0bf",
        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff"
                + "6e919d29ad171863c78f0b97c8e9ae82ae43d3,4883640effc1c0bf"
    })
    void responsesOfTheRfc(String first, String second) {
        HpackDecoder decoder = new HpackDecoder(256);
        HeaderMap map = new HeaderMap();
        assertThat(decode(decoder, hex(first), map)).isZero();
        assertThat(lines(map)).contains(":status=302", "location=https://www.example.com");
        map.clear();
        assertThat(decode(decoder, hex(second), map)).isZero();
        assertThat(lines(map))
                .containsExactly(
                        ":status=307",
                        "cache-control=private",
                        "date=Mon, 21 Oct 2013 20:13:21 GMT",
                        "location=https://www.example.com");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "80", // index 0
                "be", // an entry that is not there
                "ffffffffffff", // an integer without an end
                "ff8080808080808080807f", // one beyond reason
                "4003", // a name that ends too soon
                "40016101", // a value that does
                "4000", // no name
                "3fe21f", // a table larger than allowed
                "8220", // a size update after a header
                "4001618100", // Huffman padding of zeros
                "40016184ffffffff", // EOS
                "400161820fff" // more than seven bits of padding
            })
    void brokenBlocks(String block) {
        assertThat(decode(new HpackDecoder(4096), hex(block), new HeaderMap())).isEqualTo(HpackDecoder.BAD);
    }

    @Test
    void whatIsTooLargeIsReadButNotKept() {
        HpackDecoder decoder = new HpackDecoder(4096);
        HeaderMap map = new HeaderMap();
        // "a: " and 100 bytes with indexing, then the same a thousand times for one byte each
        byte[] block = new byte[4 + 100 + 1000];
        block[0] = 0x40;
        block[1] = 1;
        block[2] = 'a';
        block[3] = 100;
        java.util.Arrays.fill(block, 4, 104, (byte) 'v');
        java.util.Arrays.fill(block, 104, block.length, (byte) 0xbe);
        assertThat(decoder.decode(block, 0, block.length, map, 1000, BIG)).isEqualTo(HpackDecoder.TOO_LARGE);
        assertThat(map.used()).isLessThan(2000);
        map.clear();
        assertThat(decoder.decode(new byte[] {(byte) 0xbe}, 0, 1, map, 1000, BIG))
                .isZero();
        assertThat(map.value(0)).hasSize(100);
        map.clear();
        assertThat(decoder.decode(new byte[] {(byte) 0xbe, (byte) 0xbe, (byte) 0xbe}, 0, 3, map, 1000, 2))
                .isEqualTo(HpackDecoder.TOO_MANY);
    }

    @RepeatedTest(30)
    void nettyReadsWhatIsWritten(RepetitionInfo run) throws Exception {
        Random random = new Random(run.getCurrentRepetition());
        HpackEncoder encoder = new HpackEncoder(4096);
        DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, BIG);
        for (int message = 0; message < 200; message++) {
            if (random.nextInt(20) == 0) {
                encoder.peerLimit(random.nextInt(4097));
            }
            HeaderMap map = random(random);
            byte[] block = new byte[HpackEncoder.bound(map)];
            int n = encoder.encode(map, block);
            ByteBuf in = Unpooled.wrappedBuffer(block, 0, n);
            List<String> got = new ArrayList<>();
            for (Map.Entry<CharSequence, CharSequence> e : decoder.decodeHeaders(1, in)) {
                got.add(e.getKey() + "=" + e.getValue());
            }
            assertThat(got).containsExactlyInAnyOrderElementsOf(lines(map));
        }
    }

    @RepeatedTest(30)
    void whatNettyWritesIsRead(RepetitionInfo run) throws Exception {
        Random random = new Random(run.getCurrentRepetition());
        DefaultHttp2HeadersEncoder encoder =
                new DefaultHttp2HeadersEncoder(Http2HeadersEncoder.NEVER_SENSITIVE, false, 64, 0);
        HpackDecoder decoder = new HpackDecoder(4096);
        HeaderMap read = new HeaderMap();
        for (int message = 0; message < 200; message++) {
            HeaderMap map = random(random);
            Http2Headers headers = new DefaultHttp2Headers(false);
            for (int i = 0; i < map.size(); i++) {
                headers.add(map.name(i), map.value(i));
            }
            ByteBuf out = Unpooled.buffer();
            encoder.encodeHeaders(1, headers, out);
            byte[] block = new byte[out.readableBytes()];
            out.readBytes(block);
            read.clear();
            assertThat(decode(decoder, block, read)).isZero();
            assertThat(lines(read)).containsExactlyInAnyOrderElementsOf(lines(map));
        }
    }

    private static HeaderMap random(Random random) {
        String[] names = {
            ":status",
            "date",
            "server",
            "content-type",
            "content-length",
            "x-request-id",
            "x-a",
            "x-b",
            "set-cookie",
            "authorization",
            "location",
            "x-long",
            "etag",
            "cookie",
            "via"
        };
        HeaderMap map = new HeaderMap();
        for (int i = random.nextInt(12); i >= 0; i--) {
            byte[] value = new byte[random.nextInt(10) == 0 ? random.nextInt(5000) : random.nextInt(20)];
            for (int k = 0; k < value.length; k++) {
                value[k] = (byte) (random.nextBoolean() ? 'a' + random.nextInt(3) : 32 + random.nextInt(95));
            }
            String name = names[random.nextInt(names.length)];
            if (name.equals(":status")) {
                value = new byte[] {'2', '0', (byte) ('0' + random.nextInt(10))};
            }
            map.add(HeaderName.of(name), new String(value, StandardCharsets.ISO_8859_1));
        }
        return map;
    }

    @RepeatedTest(50)
    void rubbishNeverBreaksTheDecoder(RepetitionInfo run) {
        Random random = new Random(run.getCurrentRepetition());
        HpackDecoder decoder = new HpackDecoder(4096);
        HeaderMap map = new HeaderMap();
        for (int i = 0; i < 500; i++) {
            byte[] block = new byte[random.nextInt(200)];
            random.nextBytes(block);
            map.clear();
            int outcome = decoder.decode(block, 0, block.length, map, 10_000, 100);
            assertThat(outcome).isBetween(0, 3);
            assertThat(map.byteSize()).isLessThan(10_000 + 4096 + 400);
        }
    }

    @Test
    void whatIsSaidOftenIsSaidShort() {
        HpackEncoder encoder = new HpackEncoder(4096);
        HeaderMap map = new HeaderMap();
        map.add(HeaderName.STATUS, "200");
        map.add(HeaderName.SERVER, "envoy");
        map.add(HeaderName.of("x-custom"), "some value");
        byte[] block = new byte[HpackEncoder.bound(map)];
        assertThat(encoder.encode(map, block)).isGreaterThan(20);
        assertThat(encoder.encode(map, block)).isEqualTo(3);
    }

    @Test
    void headersOfAConnectionAreLeftOut() {
        HpackEncoder encoder = new HpackEncoder(4096);
        HeaderMap map = new HeaderMap();
        for (String name : List.of("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade")) {
            map.add(HeaderName.of(name), "x");
        }
        map.add(HeaderName.TE, "gzip");
        map.add(HeaderName.STATUS, "200");
        byte[] block = new byte[HpackEncoder.bound(map)];
        assertThat(encoder.encode(map, block)).isEqualTo(1);
        assertThat(block[0]).isEqualTo((byte) 0x88);
    }
}
