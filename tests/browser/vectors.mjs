// Reads vectors: {id, idea, input: Buffer, expect}.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const kTextFields = ['html', 'input', 'payload', 'vector', 'data', 'code', 'text'];

function inputOf(object) {
    if (typeof object.base64 === 'string') {
        return Buffer.from(object.base64, 'base64');
    }
    if (Array.isArray(object.repeat)) {
        return Buffer.from(object.repeat.map(({ text, times }) => text.repeat(times)).join(''));
    }
    const field = kTextFields.find((name) => typeof object[name] === 'string');
    return field === undefined ? null : Buffer.from(object[field]);
}

function vectorOf(value, place) {
    if (typeof value === 'string') {
        return { id: place, idea: '', input: Buffer.from(value) };
    }
    const input = value === null || typeof value !== 'object' ? null : inputOf(value);
    if (input === null) {
        throw new Error(`${place}: neither a text nor an object with html, base64 or repeat`);
    }
    const idea = value.idea ?? value.name ?? value.description ?? '';
    return { id: String(value.id ?? place), idea: String(idea), input, expect: value.expect };
}

function lines(text) {
    return text.split(/\r?\n/).map((line, i) => [line, i + 1]).filter(([line]) => line.trim() !== '');
}

const kReaders = {
    '.jsonl': (bytes, name) => lines(bytes.toString())
        .map(([line, n]) => vectorOf(parsed(line, `${name}:${n}`), `${name}:${n}`)),
    '.json': (bytes, name) => arrayOf(parsed(bytes.toString(), name))
        .map((value, i) => vectorOf(value, `${name}:${i + 1}`)),
    '.txt': (bytes, name) => lines(bytes.toString()).map(([line, n]) => vectorOf(line, `${name}:${n}`)),
    // html5lib's tests of tree construction
    '.dat': (bytes, name) => bytes.toString().split(/^#data\n/m).slice(1)
        .map((part, i) => vectorOf(part.split(/\n#errors/)[0], `${name}:${i + 1}`)),
};

function parsed(text, place) {
    try {
        return JSON.parse(text);
    } catch (error) {
        throw new Error(`${place}: ${error.message}`);
    }
}

/// An array, or the first array that is a member: {"tests": [...]}.
function arrayOf(value) {
    return Array.isArray(value) ? value : Object.values(value).find(Array.isArray) ?? [value];
}

/// A file that is no list is one vector; README and the like are none.
function readOne(file, root) {
    const name = path.relative(root, file) || path.basename(file);
    const extension = path.extname(file).toLowerCase();
    const bytes = readFileSync(file);
    return kReaders[extension] ? kReaders[extension](bytes, name) : [{ id: name, idea: '', input: bytes }];
}

function filesBelow(place) {
    if (!statSync(place).isDirectory()) {
        return [place];
    }
    const names = readdirSync(place).filter((name) => !/^\.|\.md$/i.test(name)).sort();
    return names.flatMap((name) => filesBelow(path.join(place, name)));
}

/// From files and folders.
export function readVectors(places) {
    const vectors = places.flatMap((place) => {
        const root = statSync(place).isDirectory() ? place : path.dirname(place);
        return filesBelow(place).flatMap((file) => readOne(file, root));
    });
    const seen = new Set();
    for (const { id } of vectors) {
        if (seen.has(id)) {
            throw new Error(`two vectors are called ${id}`);
        }
        seen.add(id);
    }
    return vectors;
}
