package dev.mishap.proxy.observe.log;

/** One operator of a format with its parameters. Immutable; called on any worker. */
abstract class Field {
    /** Appends the value; returns false, and leaves {@code out} as it was, when there is none. */
    abstract boolean append(LogContext context, LogBuffer out);

    /** Appends the value as JSON, a string unless the operator has a type of its own; false when there is none. */
    boolean appendJson(LogContext context, LogBuffer out) {
        int start = out.size();
        out.append('"');
        if (!append(context, out)) {
            out.truncate(start);
            return false;
        }
        out.escapeJson(start + 1);
        out.append('"');
        return true;
    }

    /** The same value cut to {@code max} bytes. */
    final Field cutTo(int max) {
        Field whole = this;
        return new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                int start = out.size();
                boolean some = whole.append(context, out);
                out.truncate(Math.min(out.size(), start + max));
                return some;
            }
        };
    }

    /** A field whose JSON form is a bare number. */
    abstract static class NumberField extends Field {
        static final long NONE = Long.MIN_VALUE;

        /** The number, or {@link #NONE}. */
        abstract long value(LogContext context);

        @Override
        boolean append(LogContext context, LogBuffer out) {
            long value = value(context);
            if (value == NONE) {
                return false;
            }
            out.number(value);
            return true;
        }

        @Override
        boolean appendJson(LogContext context, LogBuffer out) {
            return append(context, out);
        }
    }
}
