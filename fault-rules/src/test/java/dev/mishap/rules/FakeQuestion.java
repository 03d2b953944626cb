package dev.mishap.rules;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** A DNS question made of plain values. */
record FakeQuestion(String name, String type, @Nullable InetAddress sourceAddress) implements QuestionView {
    @Override
    public @Nullable String listener() {
        return null;
    }

    @Override
    public String cluster() {
        return "db";
    }
}
