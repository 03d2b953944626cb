package dev.mishap.proxy.observe.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.http.HeaderName;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LogFormatTest {
    private static Map<String, @Nullable Object> template() {
        Map<String, @Nullable Object> t = new LinkedHashMap<>();
        t.put("z", "%PROTOCOL%");
        t.put("a", Map.of("n", "%RESPONSE_CODE%", "mix", "x%RESPONSE_CODE%y", "nul", "%REQ(none)%"));
        t.put("l", Arrays.asList("%DURATION%", "lit", 3.0, 1.5, true, null));
        t.put("mixnul", "x-%REQ(none)%");
        t.put("obj", Map.of());
        t.put("nn", null);
        t.put("q", "%REQ(x-a)%");
        t.put("rm", "%DYNAMIC_METADATA(ns)%");
        t.put("lit\"q", "a\"b\\c\td\u00e9");
        t.put("u", "%REQ(x-u)%");
        return t;
    }

    private static LogContext context() {
        LogContext context = SubstitutionFormatterTest.request();
        context.request().add(HeaderName.of("x-u"), "\u00e9\u00ff");
        return context;
    }

    @Test
    void jsonKeepsTypesAndSortsMembers() {
        assertThat(LogFormat.json(template(), false).format(context()))
                .isEqualTo("{\"a\":{\"mix\":\"x200y\",\"n\":200,\"nul\":null},\"l\":[12,\"lit\",3,1.5,true,null],"
                        + "\"lit\\\"q\":\"a\\\"b\\\\c\\td\u00e9\",\"mixnul\":\"x--\",\"nn\":null,\"obj\":{},"
                        + "\"q\":\"hello w\\\"q\",\"rm\":{\"n\":3,\"o\":{\"q\":[1,\"x\"]},\"s\":\"str\\\"x\"},"
                        + "\"u\":\"\\u00e9\\u00ff\",\"z\":\"HTTP/1.1\"}\n");
    }

    @Test
    void jsonLeavesEmptyValuesOut() {
        assertThat(LogFormat.json(template(), true).format(context()))
                .isEqualTo("{\"a\":{\"mix\":\"x200y\",\"n\":200},\"l\":[12,\"lit\",3,1.5,true],"
                        + "\"lit\\\"q\":\"a\\\"b\\\\c\\td\u00e9\",\"mixnul\":\"x-\",\"q\":\"hello w\\\"q\","
                        + "\"rm\":{\"n\":3,\"o\":{\"q\":[1,\"x\"]},\"s\":\"str\\\"x\"},\"u\":\"\\u00e9\\u00ff\","
                        + "\"z\":\"HTTP/1.1\"}\n");
        assertThat(LogFormat.json(Map.of("only", "%REQ(none)%"), true).format(context()))
                .isEqualTo("{}\n");
    }

    @Test
    void utf8IsToldFromOtherBytes() {
        for (String good : List.of("", "abc", "\u00e9", "\u20ac", "\ud83d\ude00")) {
            byte[] bytes = good.getBytes(java.nio.charset.StandardCharsets.UTF_8);
            assertThat(Utf8.valid(bytes, 0, bytes.length)).as(good).isTrue();
        }
        byte[][] bad = {
            {(byte) 0x80},
            {(byte) 0xc3},
            {(byte) 0xc0, (byte) 0x80},
            {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
            {(byte) 0xff}
        };
        for (byte[] bytes : bad) {
            assertThat(Utf8.valid(bytes, 0, bytes.length)).isFalse();
        }
    }
}
