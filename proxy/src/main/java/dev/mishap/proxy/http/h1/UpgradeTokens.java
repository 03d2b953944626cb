package dev.mishap.proxy.http.h1;

import dev.mishap.proxy.http.HeaderMap;
import java.nio.charset.StandardCharsets;
import java.util.function.Predicate;

/** {@code ignore_http_11_upgrade}: what a client wants to change to is looked at, and some of it forgotten. */
final class UpgradeTokens {
    private UpgradeTokens() {}

    /** Leaves protocols out of the Upgrade header; when none is left, nothing was asked for. */
    static void leaveOut(Predicate<String> ignored, HeadReader head, HeaderMap headers) {
        byte[] arena = headers.arena();
        String all = new String(arena, head.upgradeAt, head.upgradeLength, StandardCharsets.ISO_8859_1);
        StringBuilder kept = new StringBuilder(all.length());
        for (String token : all.split(",")) {
            String protocol = token.strip();
            if (!protocol.isEmpty() && !ignored.test(protocol)) {
                kept.append(kept.length() == 0 ? "" : ",").append(protocol);
            }
        }
        // What is kept is never longer, and has its place.
        byte[] bytes = kept.toString().getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, arena, head.upgradeAt, bytes.length);
        head.upgradeLength = bytes.length;
    }
}
