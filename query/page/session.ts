// The reader's token: kept in this tab only, and gone when it is closed.
const TOKEN = 'faultline.token';
const AUTHOR = 'faultline.author';

export const token = (): string => sessionStorage.getItem(TOKEN) ?? '';
export const setToken = (value: string): void => keep(TOKEN, value.trim());
/** In whose name changes are made. */
export const author = (): string => sessionStorage.getItem(AUTHOR) ?? '';
export const setAuthor = (value: string): void => keep(AUTHOR, value.trim());

function keep(name: string, value: string): void {
  if (value) sessionStorage.setItem(name, value);
  else sessionStorage.removeItem(name);
}
