// Dice that fall the same way for the same seed, everywhere.

/// mulberry32: small, and the same everywhere.
function random(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6D2B79F5) >>> 0;
        let t = state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

export class Dice {
    /// For number `n` of a seed: what they show depends on nothing else.
    constructor(seed, n) {
        this.next = random(Math.imul(seed + 1, 0x9E3779B1) ^ Math.imul(n + 1, 0x85EBCA6B));
    }
    below(limit) {
        return Math.floor(this.next() * limit);
    }
    of(list) {
        return list[this.below(list.length)];
    }
    place(text) {
        return this.below(text.length + 1);
    }
    /// True so many times in a hundred.
    percent(share) {
        return this.below(100) < share;
    }
}
