package dev.mishap.proxy.cli;

/**
 * One flag of the command line.
 *
 * @param name without dashes
 * @param letter the short form, or 0
 * @param value what follows it
 * @param effect what becomes of it
 * @param description what it does; for one without effect or refused, why
 */
record Flag(String name, char letter, Value value, Effect effect, String description) {
    enum Value {
        NONE(""),
        TEXT("<string>"),
        NUMBER("<uint32_t>"),
        /** As TEXT, and the flag may be repeated. */
        TEXTS("<string>");

        final String shown;

        Value(String shown) {
            this.shown = shown;
        }
    }

    enum Effect {
        HONOURED,
        /** Accepted, since it has no meaning here and a script that passes it must go on working. */
        ACCEPTED,
        REFUSED
    }

    /** The flag as usage shows it first: {@code -c} or {@code --mode}. */
    String shortest() {
        return letter != 0 ? "-" + letter : "--" + name;
    }

    /** The flag as messages call it: {@code -c (--config-path)} or {@code (--mode)}. */
    String inMessages() {
        return letter != 0 ? "-" + letter + " (--" + name + ")" : "(--" + name + ")";
    }
}
