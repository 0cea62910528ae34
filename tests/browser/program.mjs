// Runs the sanitizer: quarantinectl preview --html - with the input on standard input.
import { spawn, spawnSync } from 'node:child_process';

export const kLimits = {
    time: 10000, // ms
    bytes: 4 * 512 * 1024 + 64 * 1024, // four times preview_max_size and what we say ourselves
};
export const kCut = 'The message is longer than what is shown here.';

/// The bytes of the fragment, or a sentence in `problem`.
function run(program, input, limits) {
    return new Promise((resolve) => {
        const child = spawn(program[0], program.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
        const chunks = [];
        let bytes = 0;
        let problem = null;
        const stop = (why) => {
            problem ??= why;
            child.kill('SIGKILL');
        };
        const timer = setTimeout(() => stop(`took more than ${limits.time} ms`), limits.time);
        child.stdin.on('error', () => {}); // it may end before it has read everything
        child.stdin.end(input);
        child.stderr.resume();
        child.stdout.on('data', (chunk) => {
            bytes += chunk.length;
            if (bytes > limits.bytes) {
                stop(`wrote more than ${limits.bytes} bytes`);
            } else {
                chunks.push(chunk);
            }
        });
        child.on('error', (error) => { problem ??= error.message; });
        child.on('close', (code, signal) => {
            clearTimeout(timer);
            if (code !== 0) {
                problem ??= `exit ${code ?? signal}`;
            }
            resolve({ output: Buffer.concat(chunks), problem });
        });
    });
}

function decode(bytes) {
    try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        return null;
    }
}

export class Sanitizer {
    /// `program`: with its arguments.
    constructor(program, limits = kLimits) {
        this.program = program;
        this.limits = limits;
        this.runs = 0;
        this.slowest = 0;
        this.again = new Map();
    }

    /// {html, findings}. What it wrote is given to it again, once for the same text.
    async sanitize(input) {
        const findings = [];
        const add = (check, what) => findings.push({ way: 'program', check, what });
        const { output, problem } = await this.run(input);
        if (problem !== null) {
            add('program', problem);
        }
        const html = decode(output);
        if (html === null) {
            add('program', 'not valid UTF-8');
        } else if (problem === null && !html.includes(kCut)) {
            const { output: twice, problem: worse } = await this.secondTime(output);
            if (worse !== null) {
                add('program', `with its own output: ${worse}`);
            } else if (!twice.equals(output)) {
                add('twice', `"${near(output, twice)}" became "${near(twice, output)}"`);
            }
        }
        return { html: html ?? output.toString('utf8'), findings };
    }

    async run(input) {
        const begin = Date.now();
        const result = await run(this.program, input, this.limits);
        ++this.runs;
        this.slowest = Math.max(this.slowest, Date.now() - begin);
        return result;
    }

    secondTime(output) {
        const key = output.toString('latin1');
        if (!this.again.has(key)) {
            this.again.set(key, this.run(output));
        }
        return this.again.get(key);
    }
}

/// What stands around the first byte in which they differ.
function near(one, other) {
    let at = 0;
    while (at < one.length && one[at] === other[at]) {
        ++at;
    }
    return one.subarray(Math.max(0, at - 40), at + 60).toString('utf8');
}

/// The option of the program that takes a replacement image, or null.
export function replacementOption(ctl) {
    const help = spawnSync(ctl, ['preview', '--help'], { encoding: 'utf8', timeout: kLimits.time });
    return /--[a-z-]*image[a-z-]*/.exec(help.stdout ?? '')?.[0] ?? null;
}

/// Promises of work(item, index) for each, begun in this order, `atOnce` at a time.
export function inTurn(items, atOnce, work) {
    const waiting = [];
    let free = atOnce;
    const enter = () => (free > 0 ? free-- : new Promise((resolve) => waiting.push(resolve)));
    const leave = () => (waiting.length > 0 ? waiting.shift()() : ++free);
    return items.map(async (item, i) => {
        await enter();
        try {
            return await work(item, i);
        } finally {
            leave();
        }
    });
}
