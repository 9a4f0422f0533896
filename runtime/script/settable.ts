/** SET_INFO in words: new names, times and attributes, the size, the end of a file. */
import type { BasicInfo, Operation, OperationOptions, Size } from "./api.ts";
import { ControlledFile } from "./fsctl.ts";
import {
  basicInput,
  dispositionInput,
  endOfFileInput,
  InfoClass,
  linkInput,
  renameInput,
} from "./info.ts";
import { sharePath } from "./names.ts";
import { size } from "./units.ts";

type NewNameOptions = OperationOptions & { readonly replace?: boolean };

/** A file, alone or within a compound. */
export abstract class SettableFile extends ControlledFile {
  /** Where the run has a path of the script. */
  protected abstract pathOf(path: string): string;

  rename(to: string, options: NewNameOptions = {}): Operation<void> {
    const input = renameInput(sharePath(this.pathOf(to)), options.replace ?? false);
    return this.setInfo(input, { ...options, class: InfoClass.rename });
  }

  link(to: string, options: NewNameOptions = {}): Operation<void> {
    const input = linkInput(sharePath(this.pathOf(to)), options.replace ?? false);
    return this.setInfo(input, { ...options, class: InfoClass.link });
  }

  setBasic(info: BasicInfo, options: OperationOptions = {}): Operation<void> {
    return this.setInfo(basicInput(info), { ...options, class: InfoClass.basic });
  }

  truncate(length: Size, options: OperationOptions = {}): Operation<void> {
    return this.setInfo(endOfFileInput(size(length)), { ...options, class: InfoClass.endOfFile });
  }

  delete(options: OperationOptions = {}): Operation<void> {
    return this.setInfo(dispositionInput(true), { ...options, class: InfoClass.disposition });
  }
}
