/** MS-FSCC information: what the wire room exports of it. */
export { filetimeText, filetimeToMs, msToFiletime, textToFiletime } from "./time.ts";
export {
  decodeDirectory,
  type DirectoryEntry,
  encodeDirectory,
  isDirectoryClass,
} from "./directory.ts";
export { decodeNotify, encodeNotify, type NotifyEntry } from "./notify.ts";
export type { EncodedList } from "./list.ts";
export {
  decodeExtendedAttributeNames,
  decodeExtendedAttributes,
  encodeExtendedAttributeNames,
  encodeExtendedAttributes,
  type ExtendedAttribute,
} from "./ea.ts";
export {
  type Ace,
  AceFlag,
  AceType,
  type Acl,
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  SecurityControl,
  type SecurityDescriptor,
  sidBytes,
} from "./security.ts";
export { decodeQuota, encodeQuota, type QuotaEntry } from "./quota.ts";
export type {
  AllFileInformation,
  FileInformation,
  FixedFileInformation,
  FullEaFileInformation,
  HardLinkFileInformation,
  NamedFileInformation,
  RenameExFileInformation,
  StreamEntry,
  StreamFileInformation,
  TargetFileInformation,
} from "./file_information.ts";
export {
  type AttributeFsInformation,
  FileSystemAttribute,
  type FixedFsInformation,
  type FsInformation,
  type LabelFsInformation,
  type VolumeFsInformation,
} from "./fs_information.ts";
export {
  decodeInformation,
  encodeInformation,
  type Information,
  informationClassOf,
  type KnownInformation,
  type QuotaInformation,
  type RawInformation,
  type SecurityInformationValue,
} from "./information.ts";
