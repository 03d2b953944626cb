package dev.mishap.proxy.server;

import dev.mishap.proxy.config.schema.ConfigException;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Where the process's draws start: {@code MISHAP_SEED}, a whole number, makes a run repeatable; without it every process draws
 * differently.
 */
final class ProcessSeed {
    static final String VARIABLE = "MISHAP_SEED";

    private ProcessSeed() {}

    static long fromEnvironment() {
        return parse(System.getenv(VARIABLE));
    }

    static long parse(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return ThreadLocalRandom.current().nextLong();
        }
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new ConfigException(VARIABLE + ": must be a whole number of 64 bits, got '" + text + "'");
        }
    }
}
