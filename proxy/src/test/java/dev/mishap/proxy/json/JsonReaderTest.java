package dev.mishap.proxy.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonReaderTest {
    @Test
    void valuesAreRead() throws Exception {
        assertThat(JsonReader.read(" {\"a\": [1, -2.5, 1e2, true, false, null, \"x\\u00e9\\n\\/\"], \"b\": {}} "))
                .isEqualTo(Map.of(
                        "a", java.util.Arrays.asList(1L, -2.5, 100.0, true, false, null, "x\u00e9\n/"), "b", Map.of()));
        assertThat(JsonReader.read("9223372036854775807")).isEqualTo(Long.MAX_VALUE);
        assertThat(JsonReader.read("9223372036854775808")).isEqualTo(0x1p63);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[1,]",
                "{\"a\":1,}",
                "{a:1}",
                "01",
                "-",
                "1.",
                "1e",
                "tru",
                "\"\n\"",
                "\"\\x\"",
                "\"\\u12g4\"",
                "1 2",
                "nullx",
                "\"a",
                "[1 2]",
                "{\"a\" 1}",
                "+1",
                "'a'"
            })
    void whatIsNoJsonIsRefused(String text) {
        assertThatExceptionOfType(JsonReader.MalformedException.class).isThrownBy(() -> JsonReader.read(text));
    }

    @Test
    void depthIsBounded() {
        assertThatExceptionOfType(JsonReader.MalformedException.class)
                .isThrownBy(() -> JsonReader.read("[".repeat(100_000)));
    }

    @RepeatedTest(100)
    void whatTheWriterWritesIsReadAgain(RepetitionInfo info) throws Exception {
        Random random = new Random(info.getCurrentRepetition());
        Object value = value(random, 4);

        assertThat(JsonReader.read(JsonWriter.compact(value))).isEqualTo(value);
    }

    /** Damaged text is read or refused, and nothing else. */
    @RepeatedTest(200)
    void damageIsSurvived(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        StringBuilder text = new StringBuilder(JsonWriter.compact(value(random, 3)));
        for (int i = 0; i < 3 && text.length() > 0; i++) {
            int at = random.nextInt(text.length());
            text.setCharAt(at, "{}[],:\"\\0123e-nt".charAt(random.nextInt(16)));
        }
        try {
            JsonReader.read(text.toString());
        } catch (JsonReader.MalformedException expected) {
            assertThat(expected.getMessage()).isNotEmpty();
        }
    }

    private static @Nullable Object value(Random random, int depth) {
        switch (random.nextInt(depth == 0 ? 4 : 6)) {
            case 0:
                return (long) random.nextInt();
            case 1:
                return random.nextBoolean();
            case 2:
                return null;
            case 3:
                StringBuilder text = new StringBuilder();
                for (int i = random.nextInt(8); i > 0; i--) {
                    text.append((char) random.nextInt(0x300));
                }
                return text.toString();
            case 4:
                List<@Nullable Object> list = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    list.add(value(random, depth - 1));
                }
                return list;
            default:
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    map.put("k" + random.nextInt(10), value(random, depth - 1));
                }
                return map;
        }
    }
}
