package dev.mishap.control.security;

/** What one may do; each can do what those before it can. */
public enum Role {
    /** Reads rules and the fleet. */
    VIEWER,
    /** Writes rules and stops them. */
    OPERATOR,
    /** Tokens, the audit log, re-arming after a stop of everything. */
    ADMIN;

    /** As it is written: lower case. */
    public String word() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /**
     * Reads a role's word.
     *
     * @throws IllegalArgumentException naming those there are
     */
    public static Role parse(String word) {
        for (Role role : values()) {
            if (role.word().equals(word)) {
                return role;
            }
        }
        throw new IllegalArgumentException("expected viewer, operator or admin, found '" + word + "'");
    }

    boolean covers(Role needed) {
        return compareTo(needed) >= 0;
    }
}
