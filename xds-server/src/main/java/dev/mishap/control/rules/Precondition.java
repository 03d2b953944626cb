package dev.mishap.control.rules;

/** What must hold of the rule for a request to be done, RFC 9110 §13.1. */
public final class Precondition {
    /** Nothing. */
    public static final Precondition NONE = new Precondition(-1);
    /** There is no such rule: {@code If-None-Match: *}. */
    public static final Precondition ABSENT = new Precondition(0);
    /** There is one: {@code If-Match: *}. */
    public static final Precondition PRESENT = new Precondition(-2);

    private final long revision;

    private Precondition(long revision) {
        this.revision = revision;
    }

    /** The rule is the one of this entity tag: {@code If-Match: "42"}. A tag that is none of ours matches nothing. */
    public static Precondition ifMatch(String etag) {
        String text = etag.trim();
        if (text.equals("*")) {
            return PRESENT;
        }
        if (text.length() > 2 && text.startsWith("\"") && text.endsWith("\"")) {
            try {
                long revision = Long.parseLong(text.substring(1, text.length() - 1));
                return new Precondition(revision > 0 ? revision : Long.MAX_VALUE);
            } catch (NumberFormatException e) {
                return new Precondition(Long.MAX_VALUE);
            }
        }
        return new Precondition(Long.MAX_VALUE);
    }

    /** @param found the rule's revision; 0 = there is none */
    public boolean holds(long found) {
        return revision == -1 || (revision == -2 ? found != 0 : revision == found);
    }

    @Override
    public String toString() {
        if (revision == -1) {
            return "no condition";
        } else if (revision == -2) {
            return "that it exists";
        }
        return revision == 0 ? "that it does not exist" : "revision " + revision;
    }
}
