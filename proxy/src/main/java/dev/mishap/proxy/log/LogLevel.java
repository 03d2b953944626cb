package dev.mishap.proxy.log;

import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

/** Envoy's levels, ascending. */
enum LogLevel {
    TRACE("trace"),
    DEBUG("debug"),
    INFO("info"),
    WARNING("warning"),
    ERROR("error"),
    CRITICAL("critical"),
    OFF("off");

    final String text;

    LogLevel(String text) {
        this.text = text;
    }

    /** The level of that name, null = there is none. */
    static @Nullable LogLevel named(String name) {
        for (LogLevel level : values()) {
            if (level.text.equals(name)) {
                return level;
            }
        }
        return name.equals("warn") ? WARNING : null;
    }

    static LogLevel of(Level level) {
        return switch (level) {
            case TRACE -> TRACE;
            case DEBUG -> DEBUG;
            case INFO -> INFO;
            case WARN -> WARNING;
            case ERROR -> ERROR;
        };
    }
}
