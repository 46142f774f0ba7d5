// node assimp.mjs FILE: the scene as assimp reads it, as JSON.
import assimp from "assimpjs";
import { readFileSync } from "node:fs";
import { basename } from "node:path";

const reader = await assimp();
const files = new reader.FileList();
files.AddFile(basename(process.argv[2]), new Uint8Array(readFileSync(process.argv[2])));
const result = reader.ConvertFileList(files, "assjson");
if (!result.IsSuccess()) throw new Error(result.GetErrorCode());
process.stdout.write(new TextDecoder().decode(result.GetFile(0).GetContent()));
