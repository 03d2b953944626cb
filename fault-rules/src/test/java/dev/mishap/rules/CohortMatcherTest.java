package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CohortMatcherTest {
    private final HeaderSlots slots = new HeaderSlots();

    private CohortMatcher half(CohortKey key) {
        return CohortMatcher.compile(new Cohort(Percentage.ofPercent(50), "seed", key), "", slots);
    }

    /** Values of the reference implementation (xxHash 0.8, xxh64sum); the cohort of every proxy hangs on them. */
    @ParameterizedTest
    @CsvSource({
        "'', 0, ef46db3751d8e999",
        "a, 0, d24ec4f1a98c6e5b",
        "abc, 0, 44bc2cf5ad770999",
        "Nobody inspects the spammish repetition, 0, fbcea83c8a378bf1",
    })
    void hashIsXxh64(String text, long seed, String expected) {
        assertThat(XxHash64.hash(text, 0, text.length(), seed)).isEqualTo(Long.parseUnsignedLong(expected, 16));
        byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        if (bytes.length < 32) {
            assertThat(XxHash64.hash(bytes, 0, bytes.length, seed)).isEqualTo(Long.parseUnsignedLong(expected, 16));
        }
    }

    @Test
    void keysAreSpreadEvenlyWhateverTheyLookLike() {
        for (String form : new String[] {"%d", "user-%d", "%032x", "%d@example.com", "00000000-0000-4000-8000-%012x"}) {
            int[] buckets = new int[20];
            int n = 20_000;
            long seed = XxHash64.ofText("PAY-503-2024-Q4");
            for (int i = 0; i < n; i++) {
                String key = form.formatted(i);
                buckets[Percentage.point(XxHash64.hash(key, 0, key.length(), seed)) / 50_000]++;
            }
            double chi2 = 0;
            for (int count : buckets) {
                chi2 += Math.pow(count - n / 20.0, 2) / (n / 20.0);
            }
            assertThat(chi2).as(form).isLessThan(43.8); // chi-square, 19 degrees of freedom, p = 0.001
        }
    }

    @Test
    void theTraceIdDecidesNotTheSpan() {
        CohortMatcher matcher = half(CohortKey.TRACE_ID);
        for (int i = 1; i < 50; i++) {
            String trace = "%032x".formatted(i * 7919);
            boolean in = matcher.contains(
                    new FakeRequest(slots).with("traceparent", "00-" + trace + "-00000000000000aa-01"));
            assertThat(matcher.contains(new FakeRequest(slots)
                            .with("traceparent", "00-" + trace + "-00000000000000bb-00")
                            .with("x-request-id", "r" + i)))
                    .isEqualTo(in);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, true",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01, false",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01, false",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, false",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x, false",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x, true",
        "00-0af7651916cd43dd8448eb211c80319c, false",
    })
    void aBadTraceparentIsNoKey(String traceparent, boolean valid) {
        assertThat(KeyReader.isTraceparent(traceparent)).isEqualTo(valid);
    }

    @Test
    void aMadeRequestIdDecidesTheCohortButNotTheDraw() {
        CohortMatcher matcher = half(CohortKey.TRACE_ID);
        FakeRequest request = new FakeRequest(slots).with("x-request-id", "abc");
        boolean in = matcher.contains(request);
        assertThat(matcher.drawKey(request)).isNotEqualTo(KeyReader.ABSENT);
        request.generated = true;
        assertThat(matcher.contains(request)).isEqualTo(in);
        assertThat(matcher.drawKey(request)).isEqualTo(KeyReader.ABSENT);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sid=abc",
                "a=b; sid=abc",
                "a=b;  sid=abc ; c=d",
                "xsid=q; sid=abc; sid=other",
                "a=b, sid=abc",
                "sid=\"abc\"",
            })
    void cookiesAreFound(String header) {
        CohortMatcher matcher = half(CohortKey.cookie("sid"));
        assertThat(matcher.drawKey(new FakeRequest(slots).with("cookie", header)))
                .isEqualTo(matcher.drawKey(new FakeRequest(slots).with("cookie", "sid=abc")))
                .isNotEqualTo(KeyReader.ABSENT);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"a=b", "sid", "sid=", "xsid=1", "SID=1", ";;;", "sid;=1"})
    void absentCookiesAreNot(String header) {
        assertThat(half(CohortKey.cookie("sid")).drawKey(new FakeRequest(slots).with("cookie", header)))
                .isEqualTo(KeyReader.ABSENT);
    }

    @Test
    void addressesAreKeys() {
        CohortMatcher matcher = half(CohortKey.SOURCE_ADDRESS);
        FakeRequest a = new FakeRequest(slots).from("10.0.0.1");
        assertThat(matcher.drawKey(a)).isEqualTo(matcher.drawKey(new FakeRequest(slots).from("10.0.0.1")));
        assertThat(matcher.drawKey(a)).isNotEqualTo(matcher.drawKey(new FakeRequest(slots).from("10.0.0.2")));
        assertThat(matcher.contains(new FakeRequest(slots))).isFalse();
    }

    @Test
    void ordinalsAreExactForAsManyKeysAsFit() {
        OrdinalTable table = new OrdinalTable();
        for (int round = 0; round < 5; round++) {
            for (int key = 0; key < 2_000; key++) {
                String text = "key" + key;
                assertThat(table.next(XxHash64.hash(text, 0, text.length(), 0))).isEqualTo(round);
            }
        }
        // Keys of one request each displace each other, not those that have many.
        for (int i = 0; i < 100_000; i++) {
            String text = "once" + i;
            assertThat(table.next(XxHash64.hash(text, 0, text.length(), 0))).isLessThanOrEqualTo(1);
        }
        assertThat(table.next(XxHash64.hash("key7", 0, 4, 0))).isEqualTo(5);
    }
}
